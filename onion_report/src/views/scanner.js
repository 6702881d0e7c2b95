/** What arrives beside what leaves: a cursor on the one shows where it comes from in the other. */

import { createField, frame } from "../field.js";
import { element } from "../dom.js";

/**
 * Show two grids of numbers side by side.
 *
 * @param {Object} options
 * @param {{maps, label, caption, paint}} options.before
 * @param {{maps, label, caption, paint}} options.after
 * @param {{row: number, column: number}} options.memory keeps the cursor
 * @param {string} options.sign between them
 * @param {function(number, number): {marks: Node[], below: (Node | null)[]}} options.onMove
 *   gives the marks on what arrives, and what is said below both
 */
export function createScanner({ before, after, memory, onMove, sign = "→" }) {
  const below = element("div", { class: "below" });
  const first = createField({ ...before.maps, ...before });
  const second = createField({ ...after.maps, ...after, onMove: move });

  function move(row, column) {
    Object.assign(memory, { row, column });
    const { marks, below: nodes } = onMove(row, column);
    first.mark(...marks);
    second.mark(frame(row, column));
    second.place(row, column);
    below.replaceChildren(...nodes.filter(Boolean));
  }
  const node = element(
    "div",
    { class: "scanner" },
    element(
      "div",
      { class: "fields" },
      first.node,
      element("span", { class: "sign", "aria-hidden": "true" }, sign),
      second.node,
    ),
    below,
  );
  return { node, first, second, refresh: () => move(memory.row, memory.column) };
}

/** Put the cursor where a channel is largest, unless the reader has put it somewhere. */
export function startAtPeak(memory, maps, channel) {
  if (memory.row !== undefined && memory.row < maps.height && memory.column < maps.width) return;
  let best = 0;
  for (let place = 1; place < maps.height * maps.width; place++) {
    if (maps.data[place * maps.channels + channel] > maps.data[best * maps.channels + channel])
      best = place;
  }
  Object.assign(memory, { row: Math.floor(best / maps.width), column: best % maps.width });
}

/** One line that is also read aloud: where the cursor is, and what is there. */
export const say = (text) => element("p", { class: "where", role: "status" }, text);
