/** The confusion matrix: which class was taken for which, and the pictures behind each number. */

import { sum } from "d3-array";
import { createBars } from "../charts.js";
import { element, whenNear } from "../dom.js";
import { countThings, formatCount, formatShare } from "../numbers.js";
import { say } from "../views/scanner.js";
import { showAnswered } from "./answered.js";
import { createMatrix, nameCell } from "./matrix.js";

const OFFERED = 8;

/** Show the matrix beside the most frequent mistakes; choosing one of both opens its pictures. */
export function createConfusion({ report, tensors, names }, memory) {
  const { counts, cells } = report.confusion;
  const table = { counts, names, totals: counts.map((row) => sum(row)) };
  const pictures = new Map(cells.map((cell) => [keyOf(cell.label, cell.predicted), cell.pictures]));
  const box = element("div", { class: "matrix-box", style: `min-height:${LEAST}px` });
  const shown = element("div", { class: "cell-pictures" });
  const mistakes = element("div", { class: "mistakes" });
  let matrix = null;

  function open(row, column) {
    memory.cell = [row, column];
    matrix?.mark(row, column);
    const found = pictures.get(keyOf(names[row], names[column])) ?? [];
    shown.replaceChildren(...showCell(table, row, column, found, tensors));
    mistakes.replaceChildren(...listMistakes(table, memory.cell, openFromList));
  }
  function openFromList(row, column) {
    open(row, column);
    mistakes.querySelector('[aria-pressed="true"]')?.focus();
    shown.scrollIntoView({ block: "nearest" });
  }
  whenNear(box, () => {
    matrix = createMatrix(table, open);
    box.style.minHeight = "";
    box.replaceChildren(matrix.node);
    if (memory.cell) matrix.mark(...memory.cell);
  });
  mistakes.append(...listMistakes(table, null, openFromList));
  if (memory.cell) open(...memory.cell);
  return element(
    "div",
    {},
    element(
      "p",
      { class: "hint" },
      "Rows are the true classes, columns what the network said. Choose a number to see its pictures.",
    ),
    element(
      "div",
      { class: "confusion" },
      element("div", { class: "matrix-side" }, box, shown),
      mistakes,
    ),
  );
}

const LEAST = 300; // CSS pixels, before the table is there

const keyOf = (label, predicted) => JSON.stringify([label, predicted]);

function showCell({ counts, totals, names }, row, column, pictures, tensors) {
  const count = counts[row][column];
  const rest = pictures.length < count ? ` The ${pictures.length} surest are shown.` : "";
  return [
    say(
      `${nameCell(names, row, column)}: ${formatCount(count)} of ${countThings(totals[row], "picture")}.${rest}`,
    ),
    showAnswered(pictures, tensors, ({ confidence }) => [formatShare(confidence)]),
  ];
}

/** The most frequent mistakes, for those who will not look for them in a large table. */
function listMistakes({ counts, names }, chosen, open) {
  const mistakes = counts
    .flatMap((line, row) => line.map((count, column) => ({ count, row, column })))
    .filter(({ count, row, column }) => count > 0 && row !== column)
    .sort((a, b) => b.count - a.count)
    .slice(0, OFFERED);
  if (mistakes.length === 0)
    return [element("p", { class: "hint" }, "It mistook none of the test pictures.")];
  const bars = mistakes.map(({ count, row, column }) => ({
    label: `${names[row]} → ${names[column]}`,
    value: count,
    text: formatCount(count),
    isChosen: row === chosen?.[0] && column === chosen?.[1],
    onClick: () => open(row, column),
  }));
  return [
    element("h4", {}, "Most frequent mistakes"),
    createBars(bars, { label: "Most frequent mistakes" }),
  ];
}
