/** The answer: what the network says of the picture, and how sure it is. */

import { createBars } from "./charts.js";
import { element } from "./dom.js";
import { formatShare } from "./numbers.js";
import { paintPixels } from "./strip.js";

const LEADING = 5;

/** Return the picture, what the network says of it, and the shares of the leading classes. */
export function showAnswer(network, picture) {
  const { label, predicted, pixels, path, probabilities } = network.report.pictures[picture];
  const names = network.report.class_names;
  const order = [...probabilities.keys()]
    .sort((a, b) => probabilities[b] - probabilities[a])
    .slice(0, LEADING);
  const truth = names.indexOf(label);
  if (truth >= 0 && !order.includes(truth)) order[order.length - 1] = truth;
  const canvas = element("canvas", { role: "img", "aria-label": `The picture ${path}` });
  paintPixels(canvas, network.tensors[pixels]);
  return [
    element("div", { class: "verdict" }, canvas, element("p", {}, sayVerdict(label, predicted))),
    createBars(
      order.map((at) => ({
        label: names[at],
        value: probabilities[at],
        text: formatShare(probabilities[at]),
        mark: at === truth ? "(true)" : "",
      })),
      { label: "Shares of the leading classes", top: 1 },
    ),
  ];
}

function sayVerdict(label, predicted) {
  const strong = (text) => element("strong", {}, text);
  if (label === null || label === undefined) return ["The network says ", strong(predicted), "."];
  if (label === predicted)
    return [
      "The network says ",
      strong(predicted),
      ", and it is. ",
      element("span", { class: "mark is-right" }, "✓"),
    ];
  return [
    "The network says ",
    strong(predicted),
    ", but it is ",
    strong(label),
    ". ",
    element("span", { class: "mark is-wrong" }, "✗"),
  ];
}
