/** Where it looked: what weighed in the answer, and what it could not do without. */

import { createReceipt } from "../cells.js";
import { colourEvidence } from "../colours.js";
import { element } from "../dom.js";
import { createField, frame } from "../field.js";
import { formatNumber, formatSureShare } from "../numbers.js";
import { findLogOdds, hidePatch, shareOfLogOdds, spreadOverPixels } from "../occlusion.js";
import { drawOutlines, paintOverlay } from "../overlay.js";
import { layOut } from "../raster.js";
import { describePicture, paintPixels } from "../strip.js";
import { say } from "../views/scanner.js";
import { createComparison } from "./comparison.js";

const SIZE = 288; // CSS pixels along the longer side
const GREY = 150;

/** Show the maps of the chosen picture, and those of all others to compare. */
export function createAttention(context, memory) {
  memory.places ??= {};
  const shown = element("div", { class: "looks" });
  const comparison = createComparison(context, (picture) => listMaps(context, picture));
  function show(picture) {
    shown.replaceChildren(...showPicture(context, picture, memory));
    comparison.mark(picture);
  }
  return { nodes: [shown, createKey(), comparison.node], show };
}

/** Return the maps that a picture has: over what to paint, and what they mean. */
function listMaps({ report, tensors }, picture) {
  const { attention, occlusion, pixels } = report.pictures[picture];
  const size = sizeOf(tensors[pixels]);
  const maps = [];
  if (isGiven(attention)) {
    const { data, shape } = tensors[attention];
    maps.push({ name: "weighed", data, height: shape[0], width: shape[1] });
  }
  if (isGiven(occlusion) && report.occlusion) {
    const data = spreadOverPixels(tensors[occlusion], report.occlusion, size);
    maps.push({ name: "missed", data, ...size });
  }
  return maps;
}

const isGiven = (value) => value !== null && value !== undefined;

function sizeOf(tensor) {
  const { height, width } = layOut(tensor);
  return { height, width };
}

function showPicture(context, picture, memory) {
  const described = context.report.pictures[picture];
  const pixels = context.tensors[described.pixels];
  const maps = listMaps(context, picture);
  const detail = element("div", { class: "look-detail" });
  const original = createField({
    ...sizeOf(pixels),
    size: SIZE,
    label: `The picture ${described.path}`,
    paint: (canvas) => paintPixels(canvas, pixels),
  });
  const views = { weighed: showWeighed, missed: showMissed };
  return [
    showLook(
      "The picture",
      `${sayAnswer(described)}. The maps are about “${described.predicted}”.`,
      original.node,
    ),
    ...maps.map((map) =>
      views[map.name]({ context, described, pixels, map, memory, picture, detail }),
    ),
    detail,
  ];
}

const sayAnswer = (described) => {
  const words = describePicture(described);
  return words[0].toUpperCase() + words.slice(1);
};

function showLook(title, words, ...nodes) {
  return element(
    "div",
    { class: "look" },
    element("h3", {}, title),
    nodes,
    element("p", { class: "look-words" }, words),
  );
}

/** The attention map: numbers of the last feature maps, place by place. */
function showWeighed({ described, pixels, map }) {
  const size = sizeOf(pixels);
  const word = element("p", { class: "where", role: "status" }, "Point at a place to read it.");
  const field = createField({
    height: map.height,
    width: map.width,
    extent: size,
    size: SIZE,
    label: `What speaks for ${described.predicted}, over the picture`,
    paint: (canvas) => paintOverlay(canvas, pixels, map),
    onMove(row, column) {
      const high = size.height / map.height;
      const wide = size.width / map.width;
      field.mark(frame(row * high, column * wide, high, wide));
      const value = map.data[row * map.width + column];
      word.dataset.value = value;
      word.textContent = `Row ${row}, column ${column}: ${formatNumber(value)}, ${value < 0 ? "against" : "for"} ${described.predicted}`;
    },
  });
  return showLook(
    "What weighed in the answer",
    `The last feature maps, place by place (${map.height}\u2009×\u2009${map.width}): how much each one adds to the score of “${described.predicted}”, or takes from it (HiResCAM).`,
    field.node,
    word,
  );
}

/** The occlusion map: the picture again and again, each time with another patch hidden. */
function showMissed({ context, described, pixels, map, memory, picture, detail }) {
  const { report, tensors } = context;
  const { side, tops, lefts } = report.occlusion;
  const falls = tensors[described.occlusion];
  const size = sizeOf(pixels);
  const field = createField({
    height: tops.length,
    width: lefts.length,
    extent: size,
    size: SIZE,
    label: `What the answer ${described.predicted} misses when it is hidden, over the picture`,
    backdrop: drawOutlines(map.data, size),
    paint: (canvas) => paintOverlay(canvas, pixels, map),
    onMove: move,
  });
  function move(row, column) {
    memory.places[picture] = { row, column };
    field.place(row, column);
    const patch = { top: tops[row], left: lefts[column], side };
    field.mark(frame(patch.top, patch.left, side, side));
    const fall = falls.data[row * lefts.length + column];
    detail.replaceChildren(...explainPatch(context, described, pixels, patch, fall));
  }
  const { row, column } = (memory.places[picture] ??= findStrongest(falls.data, lefts.length));
  move(row, column);
  return showLook(
    "What it could not do without",
    `A patch of ${side}\u2009×\u2009${side} pixels in the mean colour hides one place after the other: how far the log-odds of “${described.predicted}” fall, or rise. Point at a place to hide it.`,
    field.node,
  );
}

function findStrongest(data, columns) {
  const at = data.indexOf(data.reduce((most, value) => Math.max(most, value), -Infinity));
  return { row: Math.floor(at / columns), column: at % columns };
}

function explainPatch({ names }, described, pixels, patch, fall) {
  const { predicted, probabilities } = described;
  const before = findLogOdds(probabilities, names.indexOf(predicted));
  const after = before - fall;
  const canvas = element("canvas", {
    class: "hidden-patch",
    role: "img",
    "aria-label": "The picture with this patch hidden",
  });
  paintPixels(canvas, hidePatch(pixels, patch));
  const { top, left, side } = patch;
  const verb = fall < 0 ? "rise" : "fall";
  return [
    element("h3", {}, "This patch hidden"),
    canvas,
    say(
      `Rows ${top} to ${top + side - 1}, columns ${left} to ${left + side - 1} hidden: the log-odds of ${predicted} ${verb} by ${formatNumber(Math.abs(fall))}.`,
    ),
    createReceipt([
      { label: `log-odds of ${predicted}`, value: before },
      { label: "this patch hidden", value: -fall },
      { label: "left", value: after, isTotal: true },
      {
        label: "share before",
        value: shareOfLogOdds(before),
        text: formatSureShare(shareOfLogOdds(before)),
      },
      {
        label: "share now",
        value: shareOfLogOdds(after),
        text: formatSureShare(shareOfLogOdds(after)),
      },
    ]),
  ];
}

/** What the tints mean. */
function createKey() {
  const canvas = element("canvas", { width: 101, height: 1, "aria-hidden": "true" });
  const context = canvas.getContext("2d");
  for (let at = 0; at <= 100; at++) {
    context.fillStyle = `rgb(${colourEvidence(GREY, at / 50 - 1).map(Math.round)})`;
    context.fillRect(at, 0, 1, 1);
  }
  return element(
    "div",
    { class: "look-key" },
    element(
      "p",
      { class: "legend" },
      element("span", {}, "speaks against"),
      canvas,
      element("span", {}, "speaks for"),
    ),
    element(
      "p",
      { class: "hint" },
      "Each map has a scale of its own; lines run where it is half as strong as at its strongest, dashed where that speaks against. Such maps are evidence of what a network uses, not proof of why.",
    ),
  );
}
