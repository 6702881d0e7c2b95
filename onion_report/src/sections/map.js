/** A map of the test pictures: what the network finds alike lies close together. */

import { element, whenSized } from "../dom.js";
import { formatShare } from "../numbers.js";
import { describePicture, paintPixels } from "../strip.js";
import { say } from "../views/scanner.js";
import { cutThumbnails, paintPoints } from "./map_painting.js";
import { findNearest, placePoints, stepOnMap } from "./map_places.js";

const REACH = 30; // CSS pixels from the pointer to the middle of a picture
const ALL = "all classes";

/** Show the map; the reader points at a picture, or moves with arrow keys. */
export function createMap({ report, tensors, names }, memory) {
  const { method, variance, thumbnails, points } = report.map;
  const thumbs = cutThumbnails(tensors[thumbnails]);
  const canvas = element("canvas");
  const ring = element("span", { class: "map-ring", hidden: "" });
  const card = element("canvas", { class: "map-card", hidden: "" });
  const words = say("Point at a picture to see it.");
  const box = element("div", describeBox(points, method), canvas, ring, card);
  const choice = createChoice(names, points, memory, () => paint());
  let placed = null;

  function paint() {
    if (placed) paintPoints(canvas, { points, thumbs, placed, names, only: memory.only });
  }
  function choose(at) {
    memory.point = at;
    const [x, y] = placed.places[at];
    ring.hidden = card.hidden = false;
    ring.style.translate = `${x}px ${y}px`;
    paintPixels(card, thumbs[at]);
    placeCard(card, box, x, y);
    words.textContent = `${describePicture(points[at])}: ${points[at].path}`;
    box.dataset.chosen = at;
  }
  function point(event) {
    if (!placed) return;
    const { left, top } = box.getBoundingClientRect();
    const at = findNearest(placed.places, [event.clientX - left, event.clientY - top], REACH);
    if (at !== null && at !== memory.point) choose(at);
  }
  box.addEventListener("pointermove", point);
  box.addEventListener("pointerdown", point);
  box.addEventListener("keydown", (event) => {
    const next = placed ? stepOnMap(event, placed.places, memory.point) : null;
    if (next !== null) choose(next);
  });
  // At once, not when it comes near: it would grow under a reader who jumps to what follows it.
  whenSized(box, (width) => {
    placed = placePoints(points, width);
    paint();
    if (memory.point !== undefined) choose(memory.point);
  });
  const hint = element("p", { class: "hint" }, describeMethod(method, variance));
  return element("div", {}, hint, choice, box, words);
}

function describeBox(points, method) {
  return {
    class: "map",
    role: "application",
    tabindex: 0,
    "aria-roledescription": "map of pictures",
    "aria-label": `${points.length} test pictures by ${method}. Arrow keys lead from picture to picture.`,
    "data-points": points.length,
  };
}

function describeMethod(method, variance) {
  const full = { PCA: "principal components (PCA)" }[method] ?? method;
  const share =
    typeof variance === "number"
      ? ` These two directions hold ${formatShare(variance)} of the variance.`
      : "";
  return (
    `What arrives at the last layer, laid out by ${full}: pictures that the network finds alike ` +
    `lie close together.${share} Wrong answers are framed.`
  );
}

/** Let the reader pick out one true class. */
function createChoice(names, points, memory, onChange) {
  const found = new Set(points.map(({ label }) => label));
  const select = element(
    "select",
    {
      change() {
        memory.only = select.selectedIndex ? select.value : null;
        onChange();
      },
    },
    [ALL, ...names.filter((name) => found.has(name))].map((name) =>
      element("option", { value: name, selected: name === memory.only ? "" : null }, name),
    ),
  );
  return element("label", { class: "map-choice" }, "Pick out ", select);
}

/** Put the enlarged picture beside its place, inside the box. */
function placeCard(card, box, x, y) {
  const side = card.offsetWidth;
  const [right, above] = [x + 22, y - side - 18];
  card.style.left = `${right + side > box.clientWidth ? x - side - 22 : right}px`;
  card.style.top = `${above < 0 ? Math.min(y + 18, box.clientHeight - side) : above}px`;
}
