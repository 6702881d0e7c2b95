/** A grid of numbers to look at, over which a cursor can be moved. */

import { drawing, element } from "./dom.js";
import { stepInGrid } from "./keyboard.js";

const LARGEST_CELL = 33; // CSS pixels
const LARGEST_FIELD = 264;

/**
 * Show a grid of `height` x `width` numbers.
 *
 * @param {Object} options
 * @param {string} options.label what is seen, for those who cannot see it
 * @param {string} options.caption below it
 * @param {function(HTMLCanvasElement)} options.paint
 * @param {function(number, number)} options.onMove called with row and column when the reader
 *   points, taps or moves with the arrow keys; without it, the grid is only looked at
 * @param {number} options.size of its longer side at most, CSS pixels
 * @param {{height: number, width: number}} options.extent units in which marks are placed, where
 *   they are not cells
 * @param {Node} options.backdrop drawn below the marks, in the same units
 * @returns {{node, repaint, moveTo, mark}}
 */
export function createField(options) {
  const { height, width, label, caption, paint, onMove, size, extent, backdrop } = options;
  const { height: high, width: wide } = extent ?? { height, width };
  const canvas = element("canvas", { width, height });
  const viewBox = `0 0 ${wide} ${high}`;
  const marks = drawing("svg", { viewBox, "aria-hidden": "true" });
  const below = backdrop ? drawing("svg", { viewBox, "aria-hidden": "true" }, backdrop) : null;
  const box = element("div", describe(label, onMove), canvas, below, marks);
  const side = Math.min(size ?? LARGEST_FIELD, LARGEST_CELL * Math.max(high, wide));
  box.style.width = `${(side * wide) / Math.max(high, wide)}px`;
  box.style.aspectRatio = `${wide} / ${high}`;
  const text = element("figcaption", {}, caption ?? "");
  const node = element(
    "figure",
    { class: "field-figure" },
    box,
    caption === undefined ? null : text,
  );
  let cursor = { row: 0, column: 0 };

  function moveTo(row, column) {
    cursor = { row, column };
    onMove(row, column);
  }
  if (onMove) {
    box.addEventListener("keydown", (event) => {
      const next = stepInGrid(event, cursor, { height, width });
      if (next) moveTo(next.row, next.column);
    });
    const point = (event) => {
      const { row, column } = findCell(event, box, height, width);
      if (row !== cursor.row || column !== cursor.column) moveTo(row, column);
    };
    box.addEventListener("pointermove", point);
    box.addEventListener("pointerdown", point);
  }
  paint(canvas);
  return {
    node,
    moveTo,
    repaint: (again, words) => {
      again(canvas);
      if (words) text.textContent = words;
    },
    mark: (...shapes) => marks.replaceChildren(...shapes),
    place: (row, column) => (cursor = { row, column }),
  };
}

/** A frame around some cells. */
export const frame = (row, column, rows = 1, columns = 1, name = "frame") =>
  drawing(
    "g",
    { class: name },
    ...["frame-back", "frame-line"].map((part) =>
      drawing("rect", { class: part, x: column, y: row, width: columns, height: rows }),
    ),
  );

/** Dots in the middle of cells, as one shape. */
export function dots(cells) {
  const corner = ({ row, column }) => `M${column + 0.3},${row + 0.3}h.4v.4h-.4z`;
  return drawing("path", { class: "dots", d: cells.map(corner).join("") });
}

function describe(label, onMove) {
  const role = onMove
    ? { role: "application", tabindex: 0, "aria-roledescription": "grid of numbers" }
    : { role: "img" };
  const words = onMove ? `${label}. Arrow keys move.` : label;
  return { class: onMove ? "field is-live" : "field", "aria-label": words, ...role };
}

function findCell(event, box, height, width) {
  const { left, top, width: wide, height: high } = box.getBoundingClientRect();
  const pick = (share, count) => Math.max(0, Math.min(count - 1, Math.floor(share * count)));
  return {
    row: pick((event.clientY - top) / high, height),
    column: pick((event.clientX - left) / wide, width),
  };
}
