/** What augmentation did: one picture through each transform, and the answer to each draw. */

import { element } from "../dom.js";
import { formatNumber, formatShare } from "../numbers.js";
import { describePicture, paintPixels } from "../strip.js";

/** Show the picture as it was, and a row for each transform. */
export function createAugmentation({ report, tensors, names }) {
  const { picture, transforms } = report.augmentation;
  const original = report.pictures[picture];
  const draws = transforms.flatMap((transform) => transform.draws);
  const changed = draws.filter((draw) => nameTop(names, draw) !== original.predicted).length;
  return {
    nodes: [
      element(
        "div",
        { class: "original" },
        showPixels(tensors[original.pixels], `The picture ${original.path} as it was`),
        element(
          "div",
          {},
          element("h3", {}, "As it was"),
          element(
            "p",
            {},
            `${describePicture(original)}, ${formatShare(Math.max(...original.probabilities))}`,
          ),
          element(
            "p",
            { class: "hint", "data-changed": changed },
            changed === 0
              ? `None of the ${draws.length} draws below changes the answer.`
              : `${changed} of the ${draws.length} draws below change the answer.`,
          ),
        ),
      ),
      ...transforms.map((transform) => showTransform(transform, original, { tensors, names })),
    ],
  };
}

function showTransform({ name, probability, draws }, original, context) {
  return element(
    "div",
    { class: "transform", "data-transform": name },
    element(
      "div",
      { class: "transform-name" },
      element("h3", {}, name),
      typeof probability === "number"
        ? element(
            "p",
            { class: "hint" },
            `applied to ${formatShare(probability).replace(".0 ", " ")} of the variants`,
          )
        : null,
    ),
    element(
      "ul",
      { class: "transform-draws" },
      draws.map((draw) => showDraw(draw, original, context)),
    ),
  );
}

function showDraw(draw, original, { tensors, names }) {
  const top = nameTop(names, draw);
  const isSame = top === original.predicted;
  const share = Math.max(...draw.probabilities);
  return element(
    "li",
    { class: isSame ? "draw" : "draw is-changed" },
    showPixels(tensors[draw.pixels], "The picture so changed"),
    element(
      "p",
      { class: "draw-answer", "data-value": share },
      element(
        "span",
        { class: isSame ? "mark is-right" : "mark is-wrong", "aria-hidden": "true" },
        isSame ? "=" : "≠",
      ),
      element(
        "span",
        {},
        isSame ? "still " : "now ",
        element("strong", {}, top),
        `, ${formatShare(share)}`,
      ),
    ),
    element(
      "dl",
      { class: "arguments" },
      Object.entries(draw.arguments).map(([name, value]) =>
        element(
          "div",
          {},
          element("dt", {}, name.replaceAll("_", " ")),
          element("dd", {}, formatArgument(name, value)),
        ),
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

const UNITS = { rotate: "°", shear: "°", angle: "°", x: " px", y: " px" };

/** Write what was drawn, with its unit where that is known. */
function formatArgument(name, value) {
  if (Array.isArray(value)) return value.flat(Infinity).map(formatPlain).join(", ");
  if (typeof value !== "number") return String(value);
  return `${UNITS[name] ? formatPlain(Math.round(10 * value) / 10) : formatPlain(value)}${UNITS[name] ?? ""}`;
}

const formatPlain = (value) =>
  formatNumber(value)
    .replace(/(\.\d*?)0+$/, "$1")
    .replace(/\.$/, "");
