/** One chart of a training: curves over the epochs, named at their ends, with a cursor. */

import { extent, max, min } from "d3-array";
import { scaleLinear } from "d3-scale";
import { line } from "d3-shape";
import { drawing, element, path, whenSized } from "../dom.js";

const HEIGHT = 230;
const ROOM = { top: 16, right: 92, bottom: 26, left: 46 };
const APART = 15; // between two labels, CSS pixels
const MANY = 40; // epochs, above which no dots are drawn on the curves

const isNumber = (value) => typeof value === "number";

/**
 * Draw the curves of one figure.
 *
 * @param {{title: string, ceiling?: number}} figure its numbers end at `ceiling`, or begin at 0
 * @param {{set: string, values: (number | null)[]}[]} sets one or two curves
 * @param {{epoch: number}[]} history
 * @param {number} best row of the epoch that was kept, or -1
 * @param {function(number)} onRead called with the row that the reader points at
 * @returns {{node, read: function(number)}}
 */
export function createChart(figure, sets, { history, best }, onRead) {
  const cursor = drawing("g", { class: "cursor" });
  const box = element("div", { class: "curve-box" });
  let chosen = 0;
  let place = null;

  function read(at) {
    chosen = at;
    if (!place) return;
    const x = place.x(history[at].epoch);
    cursor.replaceChildren(
      drawing("line", { x1: x, x2: x, y1: ROOM.top, y2: HEIGHT - ROOM.bottom }),
      ...sets
        .filter(({ values }) => values[at] !== null)
        .map(({ set, values }) =>
          drawing("circle", {
            class: set,
            cx: x,
            cy: place.y(values[at]),
            r: 5,
            "data-value": values[at],
          }),
        ),
    );
  }
  whenSized(box, (width) => {
    place = scale(figure, sets, history, width);
    const chart = drawChart(figure, sets, { history, best, place, width }, cursor);
    chart.addEventListener("pointermove", point);
    chart.addEventListener("pointerdown", point);
    box.replaceChildren(chart);
    read(chosen);
  });
  function point(event) {
    const { left } = box.getBoundingClientRect();
    const epoch = place.x.invert(event.clientX - left);
    const distances = history.map((row) => Math.abs(row.epoch - epoch));
    onRead(distances.indexOf(min(distances)));
  }
  return {
    node: element(
      "figure",
      { class: "curve-figure" },
      element("figcaption", {}, figure.title),
      box,
    ),
    read,
  };
}

function scale({ ceiling }, sets, history, width) {
  const [first, last] = extent(history, (row) => row.epoch);
  const numbers = sets.flatMap(({ values }) => values.filter(isNumber));
  const low = ceiling ? min(numbers) : 0;
  const high = ceiling ?? max(numbers);
  const spread = first === last ? 1 : 0;
  return {
    x: scaleLinear([first - spread, last + spread], [ROOM.left, width - ROOM.right]),
    y: scaleLinear([low, high > low ? high : low + 1], [HEIGHT - ROOM.bottom, ROOM.top]).nice(4),
  };
}

function drawChart({ title, ceiling }, sets, { history, best, place: { x, y }, width }, cursor) {
  const curve = line()
    .defined(isNumber)
    .x((_, at) => x(history[at].epoch))
    .y(y);
  return drawing(
    "svg",
    {
      class: "curve-chart",
      width,
      height: HEIGHT,
      viewBox: `0 0 ${width} ${HEIGHT}`,
      "aria-hidden": "true",
      "data-title": title,
    },
    drawGrid(x, y, width, history, ceiling),
    best >= 0 ? drawBest(x(history[best].epoch)) : null,
    sets.map(({ set, values }) => path(curve(values), `learned ${set}`)),
    sets.map(({ set, values }) =>
      values.map((value, at) =>
        value === null
          ? null
          : drawing("circle", {
              class: `epoch-dot ${set}`,
              cx: x(history[at].epoch),
              cy: y(value),
              r: history.length > MANY ? 0 : 2.5,
              "data-value": value,
            }),
      ),
    ),
    labelCurves(sets, x(history.at(-1).epoch), y),
    cursor,
  );
}

function drawGrid(x, y, width, history, ceiling) {
  const rows = y.ticks(4).map((tick) => [
    drawing("line", {
      class: "grid",
      x1: ROOM.left,
      x2: width - ROOM.right,
      y1: y(tick),
      y2: y(tick),
    }),
    drawing(
      "text",
      { class: "tick is-side", x: ROOM.left - 8, y: y(tick) + 4 },
      ceiling ? `${+(100 * tick).toFixed(2)} %` : String(tick),
    ),
  ]);
  const columns = x
    .ticks(Math.min(8, history.length))
    .filter((tick) => Number.isInteger(tick) && history.some((row) => row.epoch === tick))
    .map((tick) => drawing("text", { class: "tick", x: x(tick), y: HEIGHT - 8 }, String(tick)));
  const name = { class: "tick is-name", x: width - ROOM.right + 10, y: HEIGHT - 8 };
  return [rows, columns, drawing("text", name, "epoch")];
}

function drawBest(x) {
  return [
    drawing("line", { class: "best", x1: x, x2: x, y1: ROOM.top, y2: HEIGHT - ROOM.bottom }),
    drawing("text", { class: "tick", x, y: ROOM.top - 4 }, "kept"),
  ];
}

/** Name the curves at their ends, one above the other where they meet. */
function labelCurves(sets, x, y) {
  const ends = sets
    .map(({ set, values }) => ({ set, at: y(values.findLast((value) => value !== null)) }))
    .sort((a, b) => a.at - b.at);
  const [upper, lower] = ends;
  if (lower && lower.at - upper.at < APART) {
    const middle = (upper.at + lower.at) / 2;
    upper.at = middle - APART / 2;
    lower.at = middle + APART / 2;
  }
  return ends.map(({ set, at }) =>
    drawing("text", { class: `curve-name ${set}`, x: x + 10, y: at + 4 }, set),
  );
}
