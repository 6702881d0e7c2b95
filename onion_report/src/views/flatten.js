/** Flatten: the same numbers in one row, and where each of them was. */

import { element } from "../dom.js";
import { createField, frame } from "../field.js";
import { formatNumber } from "../numbers.js";
import { viewGeneral } from "./general.js";
import { say } from "./scanner.js";

export function viewFlatten({ layer, looks: [before], after, memory, ...context }) {
  if (layer.inputShapes[0].length !== 3)
    return viewGeneral({ layer, looks: [before], after, memory, ...context });
  const { maps } = before;
  const line = after.maps.width;
  memory.position ??= firstOf(before);
  const words = element("div", { class: "below" });
  const map = createField({
    ...maps,
    label: `A map of ${before.name}`,
    caption: "",
    paint: () => {},
    onMove: fromMap,
  });
  const row = createField({
    ...after.maps,
    size: 330,
    label: "The row of numbers",
    caption: `the row, in lines of ${line}: each pixel's ${maps.channels} numbers stand together`,
    paint: (canvas) => after.paint(canvas, 0),
    onMove: (down, across) => show(Math.min(down * line + across, after.tensor.data.length - 1)),
  });

  function fromMap(down, across) {
    show((down * maps.width + across) * maps.channels + (memory.position % maps.channels));
  }
  function show(position) {
    memory.position = position;
    const channel = position % maps.channels;
    const place = Math.floor(position / maps.channels);
    const at = { row: Math.floor(place / maps.width), column: place % maps.width };
    map.repaint((canvas) => before.paint(canvas, channel), `map ${channel} of ${before.name}`);
    map.mark(frame(at.row, at.column));
    map.place(at.row, at.column);
    row.mark(frame(Math.floor(position / line), position % line));
    row.place(Math.floor(position / line), position % line);
    words.replaceChildren(
      say(
        `Position ${position} is row ${at.row}, column ${at.column} of map ${channel}: ` +
          `${formatNumber(after.tensor.data[position])}`,
      ),
      element(
        "p",
        { class: "formula" },
        `(${at.row} × ${maps.width} + ${at.column}) × ${maps.channels} + ${channel} = ${position}`,
      ),
    );
  }
  show(memory.position);
  return [
    element("h4", {}, "Where each number came from"),
    element("p", { class: "hint" }, "Point at a pixel of the map or at a number of the row."),
    element(
      "div",
      { class: "scanner" },
      element(
        "div",
        { class: "fields is-stacked" },
        map.node,
        element("span", { class: "sign", "aria-hidden": "true" }, "⇄"),
        row.node,
      ),
      words,
    ),
  ];
}

/** Return the position of the largest number of the most active map. */
function firstOf({ ranking: [channel], maps }) {
  let best = channel;
  for (let at = channel; at < maps.data.length; at += maps.channels) {
    if (maps.data[at] > maps.data[best]) best = at;
  }
  return best;
}
