/** Numbers themselves: in small grids, and one below the other with their sum. */

import { colourText } from "./colours.js";
import { element } from "./dom.js";
import { formatCell, formatNumber } from "./numbers.js";

// Wider windows are only coloured: their numbers would not fit beside each other.
const WIDEST_WRITTEN = 7;

/**
 * Show a small grid with its numbers.
 *
 * @param {ArrayLike<number>} values row by row
 * @param {number} columns
 * @param {Object} scale from colours.js
 * @param {{caption: string, isOutside?: function(number): boolean, winner?: number}} options
 */
export function createCells(values, columns, scale, { caption, isOutside, winner = -1 }) {
  const isWritten = columns <= WIDEST_WRITTEN;
  const rows = Array.from({ length: values.length / columns }, (_, row) =>
    element(
      "tr",
      {},
      Array.from({ length: columns }, (_, column) => {
        const at = row * columns + column;
        return createCell(values[at], scale, {
          isOut: isOutside?.(at),
          isWinner: at === winner,
          isWritten,
        });
      }),
    ),
  );
  return element(
    "table",
    { class: isWritten ? "cells" : "cells is-dense" },
    element("caption", {}, caption),
    element("tbody", {}, rows),
  );
}

function createCell(value, scale, { isOut, isWinner, isWritten }) {
  if (isOut)
    return element(
      "td",
      { class: "is-outside", title: "outside the picture", "data-value": 0 },
      isWritten ? "0" : "",
    );
  const colour = scale.colour(value);
  const style = `background:rgb(${colour.map(Math.round)});color:${colourText(colour)}`;
  const name = isWinner ? "is-winner" : null;
  return element(
    "td",
    { style, class: name, title: value, "data-value": value },
    isWritten ? formatCell(value) : "",
  );
}

/**
 * Show numbers that add up, or follow from each other, as on a bill.
 *
 * @param {{label: string | Node, value: number, text?: string, isTotal?: boolean}[]} lines
 */
export function createReceipt(lines) {
  return element(
    "table",
    { class: "receipt" },
    element(
      "tbody",
      {},
      lines
        .filter(Boolean)
        .map(({ label, value, text, isTotal }) =>
          element(
            "tr",
            { class: isTotal ? "is-total" : null },
            element("th", { scope: "row" }, label),
            element("td", { "data-value": value }, text ?? formatNumber(value)),
          ),
        ),
    ),
  );
}

/** A stripe with the colours of a scale and its ends. */
export function createLegend({ low, high, colour }) {
  const canvas = element("canvas", { width: 64, height: 1, "aria-hidden": "true" });
  const context = canvas.getContext("2d");
  for (let at = 0; at < 64; at++) {
    context.fillStyle = `rgb(${colour(low + ((high - low) * at) / 63)})`;
    context.fillRect(at, 0, 1, 1);
  }
  return element(
    "p",
    { class: "legend" },
    element("span", {}, formatNumber(low)),
    canvas,
    element("span", {}, formatNumber(high)),
  );
}
