/** The maps of all pictures side by side: those answered right, and those answered wrong. */

import { element, whenNear } from "../dom.js";
import { paintOverlay } from "../overlay.js";
import { describePicture } from "../strip.js";

const SMALL = 96; // canvas pixels along the longer side
const KINDS = [
  ["Answered right", ({ label, predicted }) => label === predicted],
  ["Answered wrong", ({ label, predicted }) => isKnown(label) && label !== predicted],
  ["New pictures", ({ label }) => !isKnown(label)],
];
const isKnown = (label) => label !== null && label !== undefined;

/**
 * Show small maps of all pictures; choosing one chooses its picture.
 *
 * @param {Object} context
 * @param {function(number): Object[]} listMaps of a picture
 */
export function createComparison(context, listMaps) {
  const { pictures } = context.report;
  const tiles = pictures.map((_, at) => createTile(context, at, listMaps));
  const groups = KINDS.map(([title, belongs]) => {
    const found = tiles.filter((_, at) => belongs(pictures[at]));
    return found.length === 0
      ? null
      : element(
          "div",
          { class: "comparison-group" },
          element("h3", {}, title),
          element("div", { class: "comparison" }, found),
        );
  });
  return {
    node: element("div", { class: "comparisons" }, groups),
    mark: (chosen) =>
      tiles.forEach((tile, at) => tile.setAttribute("aria-pressed", String(at === chosen))),
  };
}

function createTile(context, at, listMaps) {
  const described = context.report.pictures[at];
  const { label, predicted, pixels } = described;
  const canvases = element("span", { class: "tile-maps" });
  const isWrong = isKnown(label) && label !== predicted;
  const tile = element(
    "button",
    {
      type: "button",
      class: "look-tile",
      "aria-pressed": "false",
      "aria-label": `Picture ${at + 1}: ${describePicture(described)}`,
      click: () => context.choose(at),
    },
    canvases,
    element("span", { class: "picture-name" }, isWrong ? `${label} → ${predicted}` : predicted),
  );
  whenNear(tile, () => {
    for (const map of listMaps(at)) {
      const canvas = element("canvas", { "aria-hidden": "true" });
      paintOverlay(canvas, context.tensors[pixels], map, SMALL);
      canvases.append(canvas);
    }
  });
  return tile;
}
