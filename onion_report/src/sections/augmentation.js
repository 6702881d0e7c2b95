/** What augmentation did: one picture through each transform, and the answer to each draw. */

import { element } from "../dom.js";
import { formatShare } from "../numbers.js";
import { describePicture, paintPixels } from "../strip.js";
import { describeArguments } from "./arguments.js";

/** Show the picture as it was, and a row for each transform. */
export function createAugmentation(context) {
  const { report, names } = context;
  const { picture, transforms } = report.augmentation;
  const original = report.pictures[picture];
  const draws = transforms.flatMap((transform) => transform.draws);
  const changed = draws.filter((draw) => nameTop(names, draw) !== original.predicted).length;
  return {
    nodes: [
      showOriginal(original, changed, draws.length, context),
      ...transforms.map((transform) => showTransform(transform, original, context)),
    ],
  };
}

function showOriginal(original, changed, count, { tensors }) {
  const share = formatShare(Math.max(...original.probabilities));
  return element(
    "div",
    { class: "original" },
    showPixels(tensors[original.pixels], `The picture ${original.path} as it was`),
    element(
      "div",
      {},
      element("h3", {}, "As it was"),
      element("p", {}, `${describePicture(original)}, ${share}`),
      element("p", { class: "hint", "data-changed": changed }, sayChanged(changed, count)),
    ),
  );
}

function sayChanged(changed, count) {
  if (changed === 0) return `None of the ${count} draws below changes the answer.`;
  const verb = changed === 1 ? "changes" : "change";
  return `${changed} of the ${count} draws below ${verb} the answer.`;
}

function showTransform({ name, probability, draws }, original, context) {
  return element(
    "div",
    { class: "transform", "data-transform": name },
    element(
      "div",
      { class: "transform-name" },
      element("h3", {}, breakWords(name)),
      typeof probability === "number"
        ? element(
            "p",
            { class: "hint" },
            `applied to ${Math.round(100 * probability)}\u00a0% of the variants`,
          )
        : null,
    ),
    element(
      "ul",
      { class: "transform-draws" },
      draws.map((draw) => showDraw(draw, { name, original }, context)),
    ),
  );
}

/** Let a name of several words end its line between two of them. */
const breakWords = (name) =>
  name.split(/(?<=[a-z0-9])(?=[A-Z])/).flatMap((word) => [word, element("wbr")]);

function showDraw(draw, { name, original }, { tensors, names }) {
  const top = nameTop(names, draw);
  const isSame = top === original.predicted;
  const share = Math.max(...draw.probabilities);
  const [sign, word] = isSame ? ["=", "still "] : ["≠", "now "];
  return element(
    "li",
    { class: "draw", "data-answer": top },
    showPixels(tensors[draw.pixels], `The picture changed by ${name}`),
    element(
      "p",
      { class: "draw-answer", "data-value": share },
      element(
        "span",
        { class: isSame ? "mark is-right" : "mark is-wrong", "aria-hidden": "true" },
        sign,
      ),
      element("span", {}, word, element("strong", {}, top), `, ${formatShare(share)}`),
    ),
    element(
      "dl",
      { class: "arguments" },
      describeArguments(name, draw.arguments).map(([argument, text]) =>
        element("div", {}, element("dt", {}, argument), element("dd", {}, text)),
      ),
    ),
  );
}

function showPixels(tensor, label) {
  const canvas = element("canvas", { class: "drawn", role: "img", "aria-label": label });
  paintPixels(canvas, tensor);
  return canvas;
}

const nameTop = (names, { probabilities }) =>
  names[probabilities.indexOf(Math.max(...probabilities))];
