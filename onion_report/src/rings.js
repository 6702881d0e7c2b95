/** The onion: one ring for each layer, from the picture outside to the answer in the core. */

import { max } from "d3-array";
import { arc } from "d3-shape";
import { colourCell } from "./colours.js";
import { element } from "./dom.js";
import { measureChannels } from "./looks.js";

const SIDE = 400; // of the drawing; CSS makes it as large as there is room
const CORE = 62;
const MOST_CELLS = 96;
const GAP = 0.18; // of a ring's thickness
const LINE = 1.5; // around the ring that is pointed at

/**
 * Draw the onion.
 *
 * @param {Object[]} layers
 * @param {{onPoint: function(number | null), onChoose: function(number)}} options called with the
 *   position of a layer
 */
export function createRings(layers, { onPoint, onChoose }) {
  const density = Math.min(window.devicePixelRatio || 1, 2);
  const canvas = element("canvas", {
    class: "rings",
    width: SIDE * density,
    height: SIDE * density,
    role: "img",
    "aria-label":
      "The network as an onion: a ring for each layer, from the picture outside to the answer in the core. The list of layers says the same.",
    pointermove: (event) => onPoint(findRing(event)),
    pointerleave: () => onPoint(null),
    click: (event) => findRing(event) !== null && onChoose(findRing(event)),
  });
  const context = canvas.getContext("2d");
  context.scale(density, density);
  context.translate(SIDE / 2, SIDE / 2);
  const thickness = (SIDE / 2 - 4 - CORE) / layers.length;
  const outer = (row) => SIDE / 2 - 4 - row * thickness;

  function findRing({ clientX, clientY }) {
    const { left, top, width } = canvas.getBoundingClientRect();
    const radius =
      (Math.hypot(clientX - left - width / 2, clientY - top - width / 2) * SIDE) / width;
    const row = Math.floor((SIDE / 2 - 4 - radius) / thickness);
    return row >= 0 && row < layers.length ? row : null;
  }
  function drawRing(row, look, { isMarked = false } = {}) {
    const depth = row / Math.max(layers.length - 1, 1);
    const cells = look ? summarise(look) : new Float64Array(1);
    const radii = arc()
      .innerRadius(outer(row + 1))
      .outerRadius(outer(row) - thickness * GAP)
      .padRadius(outer(row))
      .padAngle(cells.length > 1 ? 0.006 : 0)
      .context(context);
    clearRing(row);
    cells.forEach((share, at) => {
      context.beginPath();
      radii({
        startAngle: (2 * Math.PI * at) / cells.length,
        endAngle: (2 * Math.PI * (at + 1)) / cells.length,
      });
      context.fillStyle = colourCell(depth, share);
      context.fill();
    });
    if (isMarked) outlineRing(row);
  }
  function clearRing(row) {
    context.save();
    context.globalCompositeOperation = "destination-out";
    context.beginPath();
    arc()
      .innerRadius(outer(row + 1))
      .outerRadius(outer(row))
      .context(context)({ startAngle: 0, endAngle: 2 * Math.PI });
    context.fill();
    context.restore();
  }
  function outlineRing(row) {
    context.strokeStyle = getComputedStyle(document.documentElement).getPropertyValue("--ink");
    context.lineWidth = LINE;
    for (const radius of [outer(row) - (LINE + thickness * GAP) / 2, outer(row + 1) + LINE / 2]) {
      context.beginPath();
      context.arc(0, 0, radius, 0, 2 * Math.PI);
      context.stroke();
    }
  }
  return { canvas, drawRing };
}

/**
 * Return how active the parts of a layer are, as roots of their shares of the most active one:
 * its channels, or groups of the numbers of a row, or the columns of a picture.
 */
function summarise({ maps, isRow }) {
  const isNarrow = !isRow && maps.channels < 4;
  const sizes = isRow
    ? Array.from(maps.data, Math.abs)
    : isNarrow
      ? measureColumns(maps)
      : [...measureChannels(maps)];
  const cells = group(sizes, Math.min(sizes.length, MOST_CELLS));
  const most = max(cells) || 1;
  return cells.map((size) => Math.sqrt(size / most));
}

function measureColumns({ data, width, channels, height }) {
  const sums = new Array(width).fill(0);
  data.forEach((value, at) => (sums[Math.floor(at / channels) % width] += Math.abs(value)));
  return sums.map((sum) => sum / channels / height);
}

function group(values, count) {
  const sums = new Float64Array(count);
  const sizes = new Float64Array(count);
  values.forEach((value, at) => {
    const cell = Math.floor((at * count) / values.length);
    sums[cell] += value;
    sizes[cell]++;
  });
  return sums.map((sum, cell) => sum / sizes[cell]);
}
