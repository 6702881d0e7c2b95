/** The picture itself, as numbers. */

import { createCells } from "../cells.js";
import { element } from "../dom.js";
import { createField, frame } from "../field.js";
import { say, startAtPeak } from "./scanner.js";
import { viewGeneral } from "./general.js";

const REACH = 2; // pixels to each side whose numbers are written out
const COLOURS = { 1: ["brightness"], 3: ["red", "green", "blue"] };

export function viewInput(context) {
  const { after, memory } = context;
  if (!after.isPicture) return viewGeneral(context);
  const { maps } = after;
  const below = element("div", { class: "below" });
  const field = createField({
    ...maps,
    label: "The picture",
    caption: "the picture. Point at a pixel",
    paint: (canvas) => after.paint(canvas, 0),
    onMove: move,
  });

  function move(row, column) {
    Object.assign(memory, { row, column });
    const patch = choosePatch(maps, row, column);
    field.mark(frame(patch.top, patch.left, patch.rows, patch.columns), frame(row, column));
    field.place(row, column);
    const values = COLOURS[maps.channels].map((name, channel) => [
      name,
      readPatch(maps, patch, channel),
    ]);
    const here = (row - patch.top) * patch.columns + column - patch.left;
    below.replaceChildren(
      say(
        `Row ${row}, column ${column}: ${values.map(([name, numbers]) => `${name} ${numbers[here]}`).join(", ")}`,
      ),
      element(
        "div",
        { class: "part" },
        values.map(([name, numbers]) =>
          createCells(numbers, patch.columns, after.scale, { caption: name, winner: here }),
        ),
      ),
    );
  }
  startAtPeak(memory, maps, 0);
  move(memory.row, memory.column);
  return [
    element("h4", {}, "The picture as numbers"),
    element(
      "div",
      { class: "scanner is-beside" },
      element("div", { class: "fields is-stacked" }, field.node),
      below,
    ),
  ];
}

/** Return the pixels around one, inside the picture. */
function choosePatch({ height, width }, row, column) {
  const side = 2 * REACH + 1;
  const start = (at, length) => Math.max(0, Math.min(at - REACH, length - side));
  return {
    top: start(row, height),
    left: start(column, width),
    rows: Math.min(side, height),
    columns: Math.min(side, width),
  };
}

function readPatch({ data, width, channels }, patch, channel) {
  return Array.from({ length: patch.rows * patch.columns }, (_, at) => {
    const row = patch.top + Math.floor(at / patch.columns);
    const column = patch.left + (at % patch.columns);
    return data[(row * width + column) * channels + channel];
  });
}
