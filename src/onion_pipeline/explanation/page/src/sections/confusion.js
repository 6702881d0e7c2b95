/** The confusion matrix as a table of buttons, each of which opens its pictures. */

import { sum } from "d3-array";
import { colourShare, colourText } from "../colours.js";
import { element, whenNear } from "../dom.js";
import { countThings, formatCount, formatShare } from "../numbers.js";
import { showAnswered } from "./answered.js";

const FEW = 12; // classes up to which cells are large
const SHORT = 3; // letters of a name that needs no turning
const DIRECTIONS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
const OFFERED = 8;

/** Show which class was taken for which. */
export function createConfusion({ report, tensors, names }, memory) {
  const { counts, cells } = report.confusion;
  const totals = counts.map((row) => sum(row));
  const found = new Map(
    cells.map((cell) => [JSON.stringify([cell.label, cell.predicted]), cell.pictures]),
  );
  const buttons = new Map();
  const box = element("div", {
    class: "matrix-box",
    role: "region",
    "aria-label": "Confusion matrix",
    tabindex: 0,
  });
  const shown = element("div", { class: "cell-pictures", role: "status" });

  function open(row, column) {
    for (const button of buttons.values()) {
      button.tabIndex = -1;
      button.setAttribute("aria-pressed", "false");
    }
    const button = buttons.get(keyOf(row, column));
    if (button) {
      button.tabIndex = 0;
      button.setAttribute("aria-pressed", "true");
    }
    memory.cell = [row, column];
    const pictures = found.get(JSON.stringify([names[row], names[column]])) ?? [];
    shown.replaceChildren(...showCell({ row, column, counts, totals, names, pictures, tensors }));
  }
  function build() {
    box.replaceChildren(
      createTable({ counts, totals, names }, (row, column, button) => {
        buttons.set(keyOf(row, column), button);
        button.addEventListener("click", () => open(row, column));
        button.addEventListener("keydown", (event) => moveFrom(event, row, column, buttons));
      }),
    );
    const first = buttons.values().next().value;
    if (first) first.tabIndex = 0;
    if (memory.cell) open(...memory.cell);
  }
  whenNear(box, build);
  return element(
    "div",
    { class: "confusion" },
    element(
      "p",
      { class: "hint" },
      "Rows are the true classes, columns what the network said. Choose a cell to see its pictures; arrow keys lead from cell to cell.",
    ),
    listMixUps(counts, names, open),
    box,
    shown,
  );
}

const keyOf = (row, column) => `${row} ${column}`;

function createTable({ counts, totals, names }, onButton) {
  const isDense = names.length > FEW;
  const isTurned = names.some((name) => name.length > SHORT);
  return element(
    "table",
    { class: `matrix${isDense ? " is-dense" : ""}${isTurned ? " is-turned" : ""}` },
    element("caption", {}, "True classes down, answers across"),
    element(
      "thead",
      {},
      element(
        "tr",
        {},
        element("td", { class: "corner" }),
        names.map((name) =>
          element("th", { scope: "col", title: name }, element("span", {}, name)),
        ),
      ),
    ),
    element(
      "tbody",
      {},
      counts.map((line, row) =>
        element(
          "tr",
          {},
          element("th", { scope: "row", title: names[row] }, element("span", {}, names[row])),
          line.map((count, column) =>
            count === 0
              ? element("td", {})
              : element("td", {}, createCell(count, { row, column, totals, names }, onButton)),
          ),
        ),
      ),
    ),
  );
}

function createCell(count, { row, column, totals, names }, onButton) {
  const isRight = row === column;
  const colour = colourShare(
    isRight ? "--right" : "--accent",
    isRight ? 0.15 + (0.6 * count) / totals[row] : 0.2 + 0.8 * Math.sqrt(count / totals[row]),
  );
  const button = element(
    "button",
    {
      type: "button",
      tabindex: -1,
      "aria-pressed": "false",
      "aria-label": `${nameCell(names, row, column)}: ${countThings(count, "picture")}`,
      "data-value": count,
      "data-row": row,
      "data-column": column,
      style: `background:rgb(${colour.map(Math.round)});color:${colourText(colour)}`,
    },
    formatCount(count),
  );
  onButton(row, column, button);
  return button;
}

const nameCell = (names, row, column) =>
  row === column ? `${names[row]} recognised` : `${names[row]} taken for ${names[column]}`;

/** Lead to the next cell that is not empty. */
function moveFrom(event, row, column, buttons) {
  const step = DIRECTIONS[event.key];
  if (!step) return;
  event.preventDefault();
  const places = [...buttons.keys()].map((key) => key.split(" ").map(Number));
  const ahead = places
    .map((place) => ({
      place,
      along: (place[0] - row) * step[0] + (place[1] - column) * step[1],
      aside: Math.abs((place[0] - row) * step[1]) + Math.abs((place[1] - column) * step[0]),
    }))
    .filter(({ along }) => along > 0)
    .sort((a, b) => a.along + 3 * a.aside - (b.along + 3 * b.aside));
  if (ahead.length) buttons.get(keyOf(...ahead[0].place)).focus();
}

/** The most frequent mistakes, for those who will not look for them in a large table. */
function listMixUps(counts, names, open) {
  const mistakes = counts
    .flatMap((line, row) => line.map((count, column) => ({ count, row, column })))
    .filter(({ count, row, column }) => count > 0 && row !== column)
    .sort((a, b) => b.count - a.count)
    .slice(0, OFFERED);
  if (mistakes.length === 0)
    return element("p", { class: "hint" }, "It mistook none of the test pictures.");
  return element(
    "div",
    { class: "choices", role: "group", "aria-label": "Most frequent mistakes" },
    mistakes.map(({ count, row, column }) =>
      element(
        "button",
        { type: "button", class: "choice", click: () => open(row, column) },
        `${names[row]} → ${names[column]}: ${formatCount(count)}`,
      ),
    ),
  );
}

function showCell({ row, column, counts, totals, names, pictures, tensors }) {
  const count = counts[row][column];
  const rest = pictures.length < count ? ` The ${pictures.length} surest are shown.` : "";
  return [
    element(
      "p",
      { class: "where" },
      `${nameCell(names, row, column)}: ${formatCount(count)} of ${countThings(totals[row], "picture")}.${rest}`,
    ),
    showAnswered(pictures, tensors, ({ confidence }) => formatShare(confidence)),
  ];
}
