/** The pictures of a map, painted on one canvas. */

import { group, mean } from "d3-array";
import { paintPixels } from "../strip.js";

const COVERED = 0.45; // of the map, by pictures if none lay over another
const SIDES = [13, 36]; // CSS pixels of a picture
const FADED = 0.12;
const NAMED = 20; // classes, above which their names would cover the map
const LETTERS = [13, 19]; // CSS pixels, on narrow maps and on wide ones
const WIDE = 560; // CSS pixels
const SHIFTS = [0, -1, 1, -2, 2, -3, 3]; // lines
// Grey pictures whose rim is as dark or as bright as this are drawn as ink, without their ground.
const DARK = 40;
const BRIGHT = 215;

/** Return the small pictures one by one, as tensors. */
export function cutThumbnails({ data, shape: [count, ...shape] }) {
  const length = data.length / count;
  return Array.from({ length: count }, (_, at) => ({
    data: data.subarray(at * length, (at + 1) * length),
    shape,
  }));
}

/**
 * Paint the map.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {Object} map
 * @param {Object[]} map.points
 * @param {Object[]} map.thumbs
 * @param {{places: number[][], width: number, height: number}} map.placed
 * @param {string | null} map.only the true class that is picked out
 */
export function paintPoints(canvas, { points, thumbs, placed, names, only }) {
  const { places, width, height } = placed;
  const context = prepare(canvas, width, height);
  const style = readStyle();
  const side = Math.max(
    SIDES[0],
    Math.min(SIDES[1], Math.sqrt((COVERED * width * height) / points.length)),
  );
  const ground = findGround(thumbs);
  const thumb = document.createElement("canvas");
  thumb.getContext("2d", { willReadFrequently: true });
  const isFaded = ({ label }) => Boolean(only) && label !== only;
  const rank = (at) => Number(!isFaded(points[at])) + Number(isWrong(points[at])) / 2;
  for (const at of [...points.keys()].sort((a, b) => rank(a) - rank(b))) {
    context.globalAlpha = isFaded(points[at]) ? FADED : 1;
    paintThumb(thumb, thumbs[at], ground, style);
    drawThumb(context, thumb, places[at], side, isWrong(points[at]) ? style.accent : null);
  }
  context.globalAlpha = 1;
  if (names.length <= NAMED) nameClasses(context, points, placed, style, only);
}

const isWrong = ({ label, predicted }) => label !== predicted;

function prepare(canvas, width, height) {
  const density = window.devicePixelRatio || 1;
  Object.assign(canvas, { width: width * density, height: height * density });
  Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
  const context = canvas.getContext("2d");
  context.scale(density, density);
  context.imageSmoothingQuality = "high";
  return context;
}

function readStyle() {
  const style = getComputedStyle(document.documentElement);
  const read = (name) => style.getPropertyValue(`--${name}`).trim();
  return { accent: read("accent"), ink: read("ink"), card: read("card"), serif: read("serif") };
}

/** Return 0 or 255 where grey pictures stand on black or white; null elsewhere. */
function findGround(thumbs) {
  if (thumbs[0]?.shape.at(-1) !== 1) return null;
  const rim = mean(thumbs, ({ data, shape: [, width] }) => mean(data.subarray(0, width)));
  return rim < DARK ? 0 : rim > BRIGHT ? 255 : null;
}

function paintThumb(canvas, thumb, ground, { ink }) {
  paintPixels(canvas, thumb);
  if (ground === null) return;
  const context = canvas.getContext("2d");
  const image = context.getImageData(0, 0, canvas.width, canvas.height);
  thumb.data.forEach((value, at) => (image.data[4 * at + 3] = Math.abs(value - ground)));
  context.putImageData(image, 0, 0);
  context.globalCompositeOperation = "source-in";
  context.fillStyle = ink;
  context.fillRect(0, 0, canvas.width, canvas.height);
}

function drawThumb(context, thumb, [x, y], side, frame) {
  const scale = side / Math.max(thumb.width, thumb.height);
  const [width, height] = [thumb.width * scale, thumb.height * scale];
  context.drawImage(thumb, x - width / 2, y - height / 2, width, height);
  if (!frame) return;
  context.strokeStyle = frame;
  context.lineWidth = 2;
  context.strokeRect(x - width / 2 - 1, y - height / 2 - 1, width + 2, height + 2);
}

/** Write the name of each class in the middle of its pictures, or as near to it as there is room. */
function nameClasses(context, points, { places, height, width }, { accent, card, serif }, only) {
  const size = LETTERS[Number(width >= WIDE)];
  context.font = `700 ${size}px ${serif}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.lineJoin = "round";
  context.lineWidth = 6;
  context.strokeStyle = card;
  context.fillStyle = accent;
  const taken = [];
  for (const [name, members] of group(points.keys(), (at) => points[at].label)) {
    if (name === null || (only && name !== only)) continue;
    const [x, y] = [0, 1].map((axis) => mean(members, (each) => places[each][axis]));
    const half = context.measureText(name).width / 2;
    const isFree = (line) =>
      line > size &&
      line < height - size &&
      taken.every(
        (each) => Math.abs(each.line - line) >= size || Math.abs(each.x - x) > each.half + half,
      );
    const line = SHIFTS.map((shift) => y + shift * size).find(isFree) ?? y;
    taken.push({ x, half, line });
    context.strokeText(name, x, line);
    context.fillText(name, x, line);
  }
}
