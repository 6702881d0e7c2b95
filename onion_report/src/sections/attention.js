/** Where it looked: which places speak for the answer, and what it misses when it is hidden. */

import { colourEvidence } from "../colours.js";
import { element } from "../dom.js";
import { createField, frame } from "../field.js";
import { formatNumber } from "../numbers.js";
import { spreadOverPixels } from "../occlusion.js";
import { drawOutlines, paintOverlay, refineMap } from "../overlay.js";
import { layOut } from "../raster.js";
import { describePicture, paintPixels } from "../strip.js";
import { say } from "../views/scanner.js";
import { createComparison } from "./comparison.js";
import { explainPatch } from "./hiding.js";

const SIZE = 288; // CSS pixels along the longer side
const GREY = 150; // below the tints of the key

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

/** Return the maps that a picture has. */
function listMaps({ report, tensors }, picture) {
  const { attention, occlusion, pixels } = report.pictures[picture];
  const maps = [];
  if (isGiven(attention)) {
    const { data, shape } = tensors[attention];
    maps.push({ view: viewAttention, data, height: shape[0], width: shape[1] });
  }
  if (isGiven(occlusion) && report.occlusion) {
    const size = sizeOf(tensors[pixels]);
    const data = spreadOverPixels(tensors[occlusion], report.occlusion, size);
    maps.push({ view: viewOcclusion, data, ...size });
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
  const size = sizeOf(pixels);
  const places = (memory.places[picture] ??= {});
  const looks = listMaps(context, picture).map((map) =>
    map.view({ context, described, pixels, size, map, places }),
  );
  const original = createField({
    ...size,
    size: SIZE,
    label: `The picture ${described.path}`,
    paint: (canvas) => paintPixels(canvas, pixels),
  });
  const words = describePicture(described);
  const first = showLook(
    "The picture",
    [original.node],
    [
      `${words[0].toUpperCase()}${words.slice(1)}. The maps ask what speaks for “${described.predicted}”.`,
    ],
  );
  return [first, ...looks.flat()];
}

function showLook(title, nodes, words) {
  return element(
    "div",
    { class: "look" },
    element("h3", {}, title),
    nodes,
    element("p", { class: "look-words" }, words),
  );
}

/** The attention map: numbers of the last feature maps, place by place. */
function viewAttention({ described: { predicted }, pixels, size, map, places }) {
  const word = say("");
  const high = size.height / map.height;
  const wide = size.width / map.width;
  const field = createMapField({
    grid: map,
    size,
    label: `Attention: what speaks for ${predicted}, over the picture`,
    backdrop: drawOutlines(refineMap(map, size), size),
    paint: (canvas) => paintOverlay(canvas, pixels, map),
    onMove(row, column) {
      places.attention = { row, column };
      field.place(row, column);
      field.mark(frame(row * high, column * wide, high, wide));
      const value = map.data[row * map.width + column];
      word.dataset.value = value;
      word.textContent = `Row ${row}, column ${column}: ${formatNumber(value)}, ${value < 0 ? "against" : "for"} ${predicted}`;
    },
  });
  moveTo(field, (places.attention ??= findStrongest(map.data, map.width)));
  return showLook(
    "Attention",
    [field.node, word],
    [
      `What each place of the last feature maps (${map.height}\u2009×\u2009${map.width}) speaks for “${predicted}”, or against it: its numbers, times the slope of the score there. Where nothing but pooling and the last layer follows, that is what it adds to the score. By HiResCAM.`,
    ],
  );
}

/** The occlusion map: the picture again and again, each time with another patch hidden. */
function viewOcclusion({ context, described, pixels, size, map, places }) {
  const { side, tops, lefts } = context.report.occlusion;
  const { data } = context.tensors[described.occlusion];
  const detail = element("div", { class: "look look-detail" });
  const field = createMapField({
    grid: { height: tops.length, width: lefts.length },
    size,
    label: `Occlusion: what ${described.predicted} misses when it is hidden, over the picture`,
    backdrop: drawOutlines(map.data, size),
    paint: (canvas) => paintOverlay(canvas, pixels, map),
    onMove(row, column) {
      places.occlusion = { row, column };
      field.place(row, column);
      const patch = { top: tops[row], left: lefts[column], side };
      field.mark(frame(patch.top, patch.left, side, side));
      const fall = data[row * lefts.length + column];
      detail.replaceChildren(...explainPatch({ described, pixels, patch, fall }, context.names));
    },
  });
  moveTo(field, (places.occlusion ??= findStrongest(data, lefts.length)));
  return [
    showLook(
      "Occlusion",
      [field.node],
      [
        `A patch of ${side}\u2009×\u2009${side} pixels hides one place after the other: how far the log-odds of “${described.predicted}” then fall, or rise. Point at a place to hide it.`,
      ],
    ),
    detail,
  ];
}

function createMapField({ grid, size, ...options }) {
  const { height, width } = grid;
  return createField({ height, width, extent: size, size: SIZE, ...options });
}

const moveTo = (field, { row, column }) => field.moveTo(row, column);

function findStrongest(data, columns) {
  const at = data.indexOf(data.reduce((most, value) => Math.max(most, value), -Infinity));
  return { row: Math.floor(at / columns), column: at % columns };
}

/** What the tints mean. */
function createKey() {
  const canvas = element("canvas", { width: 101, height: 1, "aria-hidden": "true" });
  const context = canvas.getContext("2d");
  for (let at = 0; at <= 100; at++) {
    context.fillStyle = `rgb(${colourEvidence(GREY, at / 50 - 1).map(Math.round)})`;
    context.fillRect(at, 0, 1, 1);
  }
  const ends = ["speaks against", "speaks for"].map((text) => element("span", {}, text));
  return element(
    "div",
    { class: "look-key" },
    element("p", { class: "legend" }, ends[0], canvas, ends[1]),
    element(
      "p",
      { class: "hint" },
      "Each map has a scale of its own; lines run where it is half as strong as at its strongest, dashed where that speaks against. Such maps are evidence of what a network uses, not proof of why it answers so.",
    ),
  );
}
