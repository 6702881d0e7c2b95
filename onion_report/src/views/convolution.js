/** Convolutions: windows of weights, the maps they make, and the sum behind each number. */

import { ACTIVATIONS, ACTIVATION_NAMES } from "../activations.js";
import { explainConvolution, listWindows, readWindow } from "../arithmetic.js";
import { createCells, createLegend, createReceipt } from "../cells.js";
import { scaleColours } from "../colours.js";
import { element } from "../dom.js";
import { kernelOf } from "../engine.js";
import { frame } from "../field.js";
import { createGallery } from "../gallery.js";
import { countThings, formatNumber } from "../numbers.js";
import { paintColourWeights, paintMap } from "../raster.js";
import { createScanner, say, startAtPeak } from "./scanner.js";

const SHOWN_PARTS = 3;

export function viewConvolution({ layer, looks: [before], after, memory }) {
  const scale = scaleColours(kernelOf(layer).data);
  const [rows, columns] = kernelOf(layer).shape;
  const hasWindows = layer.kind !== "separable_conv2d" && rows * columns > 1;
  const scanner = element("div");
  const gallery = createGallery(after, {
    memory,
    onChoose: (filter) => scanner.replaceChildren(scan(filter)),
    decorate: hasWindows ? (filter) => drawWindow(layer, filter, scale) : undefined,
  });
  const scan = (filter) => createFilterScanner({ layer, before, after, memory, filter });
  scanner.append(scan(memory.channel));
  return [
    element(
      "h4",
      {},
      hasWindows ? "Its windows, and the maps they make" : "The maps it makes",
    ),
    element("p", { class: "hint" }, "Most active first, all in one scale. Choose one."),
    gallery,
    createLegend(after.scale),
    element("h4", {}, "How one number comes about"),
    scanner,
  ];
}

function createFilterScanner({ layer, before, after, memory, filter }) {
  const input = before.tensor;
  const watched = before.isPicture ? 0 : findStrongest(layer, input, filter);
  startAtPeak(memory, after.maps, filter);
  const scanner = createScanner({
    memory,
    before: {
      maps: before.maps,
      label: `What arrives from ${before.name}`,
      caption: before.isPicture
        ? "arrives: the picture"
        : `arrives: map ${watched} of ${before.name}, which counts most here`,
      paint: (canvas) => before.paint(canvas, watched),
    },
    after: {
      maps: after.maps,
      label: `Map ${filter} of ${layer.name}`,
      caption: `leaves: map ${filter}. Point at a pixel`,
      paint: (canvas) => after.paint(canvas, filter),
    },
    onMove(row, column) {
      const found = explainConvolution(layer, input, filter, row, column);
      const { top, left, rows, columns } = found.patch;
      return {
        marks: [frame(top, left, rows, columns)],
        below: [
          say(
            `Row ${row}, column ${column} of map ${filter}: ${formatNumber(activateSum(layer, found.sum))}`,
          ),
          element(
            "div",
            { class: "working" },
            element("div", {}, showParts(layer, found, before)),
            createBill(layer, found, before),
          ),
        ],
      };
    },
  });
  scanner.refresh();
  return scanner.node;
}

function showParts(layer, found, before) {
  const weights = scaleColours(found.parts.flatMap((part) => part.weights));
  const products = scaleColours(found.parts.flatMap((part) => part.products));
  return listShown(found.parts).map((part) => {
    const { isOutside } = found;
    const columns = found.patch.columns;
    const sign = (text) => element("span", { class: "sign" }, text);
    return element(
      "div",
      { class: "part" },
      createCells(part.patch, columns, before.scale, {
        caption: nameChannel(before, part.channel),
        isOutside,
      }),
      sign("×"),
      createCells(part.weights, columns, weights, { caption: "weights" }),
      sign("="),
      createCells(part.products, columns, products, { caption: "products" }),
    );
  });
}

/** List all that is added up, so that the total is the number that leaves. */
function createBill(layer, { parts, bias, sum }, before) {
  const shown = listShown(parts);
  const others = parts.slice(shown.length);
  const activation = layer.settings.activation ?? "linear";
  const isSingle = parts.length === 1 && parts[0].mixing === null;
  return createReceipt([
    ...shown.map((part) => ({
      label: isSingle ? "sum of the products" : nameSum(part, before),
      value: part.sum,
      text: formatNumber(part.sum),
    })),
    others.length > 0 && {
      label: `the ${countThings(others.length, "other")}, together`,
      value: others.reduce((total, part) => total + part.sum, 0),
    },
    bias !== null && { label: "bias", value: bias },
    { label: "sum", value: sum, isTotal: true },
    activation !== "linear" && {
      label: ACTIVATION_NAMES[activation],
      value: activateSum(layer, sum),
      isTotal: true,
    },
  ]);
}

function nameSum({ channel, scanned, mixing }, before) {
  if (mixing === null) return nameChannel(before, channel);
  return `${nameChannel(before, channel)}: ${formatNumber(scanned)} × ${formatNumber(mixing)}, its share in the mix`;
}

const nameChannel = (before, channel) =>
  before.isPicture && before.maps.channels === 3
    ? ["red", "green", "blue"][channel]
    : before.maps.channels === 1
      ? "patch"
      : `channel ${channel}`;
const listShown = (parts) => parts.slice(0, SHOWN_PARTS).sort((a, b) => a.channel - b.channel);
const activateSum = (layer, sum) => ACTIVATIONS[layer.settings.activation ?? "linear"](sum);

/** Draw the window of a filter: in colours, or of the channel it weighs most. */
function drawWindow(layer, filter, scale) {
  const [rows, columns] = kernelOf(layer).shape;
  const canvas = element("canvas", { class: "window", "aria-hidden": "true" });
  const windows = listWindows(layer, filter).map((each) => readWindow(layer, each.row, each.column));
  if (windows.length === 3) {
    const data = windows[0].flatMap((_, tap) => windows.map((window) => window[tap]));
    paintColourWeights(canvas, { data, height: rows, width: columns }, scale.high);
    return canvas;
  }
  const sizes = windows.map(sizeOf);
  const data = windows[sizes.indexOf(Math.max(...sizes))];
  paintMap(canvas, { data, height: rows, width: columns, channels: 1 }, 0, scale);
  return canvas;
}

/** Return the channel that a filter weighs most for this picture: its sizes times its weights. */
function findStrongest(layer, input, filter) {
  const channels = input.shape.at(-1);
  const activity = new Float64Array(channels);
  input.data.forEach((value, at) => (activity[at % channels] += Math.abs(value)));
  const windows = listWindows(layer, filter).map(({ channel, row, column, mixing }) => ({
    channel,
    strength: sizeOf(readWindow(layer, row, column)) * Math.abs(mixing ?? 1) * activity[channel],
  }));
  return windows.reduce((most, each) => (each.strength > most.strength ? each : most)).channel;
}

const sizeOf = (window) => window.reduce((sum, weight) => sum + Math.abs(weight), 0);
