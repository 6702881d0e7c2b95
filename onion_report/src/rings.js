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
const BAND = 0.45; // of the thickness of other rings, of each of those that are not opened
const THICKEST = 8; // times that thickness
const LINE = 1.5; // around the ring that is pointed at

/**
 * Draw the onion.
 *
 * @param {{onPoint: function(number | null), onChoose: function(number)}} options called with the
 *   position of a ring
 * @returns {{canvas, arrange: function(number[]), drawRing: function(number, Object[], Object)}}
 *   `arrange` says how many bands each ring has: one, or those of what it has not been opened into;
 *   `drawRing` takes a look at each
 */
export function createRings({ onPoint, onChoose }) {
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
  let starts = [0]; // where each ring begins, and the last one ends, counted from the skin

  function arrange(bands) {
    const widths = bands.map((count) => (count > 1 ? Math.min(count * BAND, THICKEST) : 1));
    starts = [0];
    for (const width of widths) starts.push(starts.at(-1) + width);
    context.clearRect(-SIDE / 2, -SIDE / 2, SIDE, SIDE);
  }
  const unit = () => (SIDE / 2 - 4 - CORE) / starts.at(-1);
  const outer = (row) => SIDE / 2 - 4 - starts[row] * unit();

  function findRing({ clientX, clientY }) {
    const { left, top, width } = canvas.getBoundingClientRect();
    const radius =
      (Math.hypot(clientX - left - width / 2, clientY - top - width / 2) * SIDE) / width;
    const depth = (SIDE / 2 - 4 - radius) / unit();
    const row = starts.findLastIndex((start) => start <= depth);
    return row >= 0 && row < starts.length - 1 ? row : null;
  }
  function drawRing(row, looks, { isMarked = false } = {}) {
    clearRing(row);
    const gap = unit() * GAP;
    const step = (outer(row) - gap - outer(row + 1)) / looks.length;
    const [from, to] = [starts[row], starts[row + 1] - 1].map(
      (start) => start / Math.max(starts.at(-1) - 1, 1),
    );
    looks.forEach((look, band) => {
      const depth = from + ((to - from) * band) / Math.max(looks.length - 1, 1);
      drawBand(look, outer(row) - gap - band * step, step, depth);
    });
    if (isMarked) outlineRing(row);
  }
  function drawBand(look, radius, thickness, depth) {
    const cells = look ? summarise(look) : new Float64Array(1);
    const radii = arc()
      .innerRadius(radius - thickness)
      .outerRadius(radius)
      .padRadius(radius)
      .padAngle(cells.length > 1 ? 0.006 : 0)
      .context(context);
    cells.forEach((share, at) => {
      context.beginPath();
      radii({
        startAngle: (2 * Math.PI * at) / cells.length,
        endAngle: (2 * Math.PI * (at + 1)) / cells.length,
      });
      context.fillStyle = colourCell(depth, share);
      context.fill();
    });
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
    for (const radius of [outer(row) - (LINE + unit() * GAP) / 2, outer(row + 1) + LINE / 2]) {
      context.beginPath();
      context.arc(0, 0, radius, 0, 2 * Math.PI);
      context.stroke();
    }
  }
  return { canvas, arrange, drawRing };
}

/**
 * Return how active the parts of a layer are, as roots of their shares of the most active one:
 * its channels, or groups of the numbers of a row, or the columns of a picture.
 */
function summarise(look) {
  const sizes = look.activity ? [...look.activity] : measureParts(look);
  const cells = group(sizes, Math.min(sizes.length, MOST_CELLS));
  const most = max(cells) || 1;
  return cells.map((size) => Math.sqrt(size / most));
}

function measureParts({ maps, isRow }) {
  if (isRow) return Array.from(maps.data, Math.abs);
  return maps.channels < 4 ? measureColumns(maps) : [...measureChannels(maps)];
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
