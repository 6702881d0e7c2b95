/** A map of the test pictures: what the network finds alike lies close together. */

import { extent } from "d3-array";
import { scaleLinear } from "d3-scale";
import { element, whenSized } from "../dom.js";
import { formatShare } from "../numbers.js";
import { describePicture, paintPixels } from "../strip.js";
import { say } from "../views/scanner.js";

const TALLEST = 620; // CSS pixels
const EDGE = 26;
const COVERED = 0.4; // of the map, by thumbnails if none lay over another
const SIDES = [14, 34]; // CSS pixels of a thumbnail
const REACH = 30;

/** Show the map; the reader points at a picture, or moves with arrow keys. */
export function createMap({ report, tensors }, memory) {
  const { method, variance, thumbnails, points } = report.map;
  const thumbs = cutThumbnails(tensors[thumbnails]);
  const canvas = element("canvas", {});
  const ring = element("span", { class: "map-ring", hidden: "" });
  const card = element("canvas", { class: "map-card", hidden: "", "aria-hidden": "true" });
  const words = element("div", { class: "map-words" }, say("Point at a picture to see it."));
  const box = element(
    "div",
    {
      class: "map",
      role: "application",
      tabindex: 0,
      "aria-roledescription": "map of pictures",
      "aria-label": `${points.length} test pictures by ${method}. Arrow keys lead from picture to picture.`,
      "data-points": points.length,
    },
    canvas,
    ring,
    card,
  );
  let places = [];

  function choose(at) {
    memory.point = at;
    const [x, y] = places[at];
    ring.hidden = card.hidden = false;
    ring.style.translate = `${x}px ${y}px`;
    paintPixels(card, thumbs[at]);
    card.style.left = `${Math.max(0, Math.min(box.clientWidth - 104, x + 20))}px`;
    card.style.top = `${Math.max(0, Math.min(box.clientHeight - 104, y - 112 < 0 ? y + 20 : y - 112))}px`;
    words.replaceChildren(say(`${describePicture(points[at])}: ${points[at].path}`));
    box.dataset.chosen = at;
  }
  const point = (event) => {
    const { left, top } = box.getBoundingClientRect();
    const at = findNearest(places, [event.clientX - left, event.clientY - top]);
    if (at !== null && at !== memory.point) choose(at);
  };
  box.addEventListener("pointermove", point);
  box.addEventListener("pointerdown", point);
  box.addEventListener("keydown", (event) => {
    const next = stepOnMap(event, places, memory.point);
    if (next !== null) choose(next);
  });
  whenSized(box, (width) => {
    places = placePoints(points, width);
    paintMap(canvas, { points, places, thumbs, width });
    if (memory.point !== undefined) choose(memory.point);
  });
  return element(
    "div",
    {},
    element("p", { class: "hint" }, describeMethod(method, variance)),
    box,
    words,
  );
}

function describeMethod(method, variance) {
  const share =
    typeof variance === "number"
      ? ` These two directions hold ${formatShare(variance)} of the variance.`
      : "";
  return `What arrives at the last layer, laid out in two directions by ${method}: pictures that the network finds alike lie close together.${share} Wrong answers are framed.`;
}

function cutThumbnails({ data, shape }) {
  const [count, ...size] = shape;
  const length = data.length / count;
  return Array.from({ length: count }, (_, at) => ({
    data: data.subarray(at * length, (at + 1) * length),
    shape: size,
  }));
}

const heightOf = (width) => Math.min(TALLEST, Math.round(width * 0.75));

function placePoints(points, width) {
  const height = heightOf(width);
  const x = scaleLinear(
    extent(points, (point) => point.x),
    [EDGE, width - EDGE],
  );
  const y = scaleLinear(
    extent(points, (point) => point.y),
    [height - EDGE, EDGE],
  );
  return points.map((point) => [x(point.x), y(point.y)]);
}

function paintMap(canvas, { points, places, thumbs, width }) {
  const height = heightOf(width);
  const dense = window.devicePixelRatio || 1;
  Object.assign(canvas, { width: width * dense, height: height * dense });
  Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
  const context = canvas.getContext("2d");
  context.scale(dense, dense);
  const side = Math.max(
    SIDES[0],
    Math.min(SIDES[1], Math.sqrt((COVERED * width * height) / points.length)),
  );
  const accent = getComputedStyle(document.documentElement).getPropertyValue("--accent");
  const order = [...points.keys()].sort(
    (a, b) => Number(isWrong(points[a])) - Number(isWrong(points[b])),
  );
  const thumb = document.createElement("canvas");
  for (const at of order) {
    paintPixels(thumb, thumbs[at]);
    const [x, y] = places[at];
    context.imageSmoothingEnabled = false;
    context.drawImage(thumb, x - side / 2, y - side / 2, side, side);
    if (!isWrong(points[at])) continue;
    context.strokeStyle = accent;
    context.lineWidth = 2.5;
    context.strokeRect(x - side / 2 - 1, y - side / 2 - 1, side + 2, side + 2);
  }
}

const isWrong = ({ label, predicted }) => label !== predicted;

function findNearest(places, [x, y]) {
  let best = null;
  let least = REACH;
  places.forEach((place, at) => {
    const distance = Math.hypot(place[0] - x, place[1] - y);
    if (distance < least) [best, least] = [at, distance];
  });
  return best;
}

const DIRECTIONS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

/** Return the next picture in the direction of a key. */
function stepOnMap(event, places, from) {
  const step = DIRECTIONS[event.key];
  if (!step) return null;
  event.preventDefault();
  if (from === undefined) return 0;
  const [x, y] = places[from];
  let best = from;
  let least = Infinity;
  places.forEach((place, at) => {
    const along = (place[0] - x) * step[0] + (place[1] - y) * step[1];
    const aside = Math.abs((place[0] - x) * step[1]) + Math.abs((place[1] - y) * step[0]);
    if (along <= 0 || at === from || aside > 2 * along) return;
    if (along + 2 * aside < least) [best, least] = [at, along + 2 * aside];
  });
  return best;
}
