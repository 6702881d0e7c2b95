/** A table of counts whose numbers are buttons. */

import { colourShare, colourText } from "../colours.js";
import { element } from "../dom.js";
import { countThings, formatCount } from "../numbers.js";

const FEW = 12; // classes up to which cells are large
const SHORT = 3; // letters of a name that needs no turning
const DIRECTIONS = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};
const ASIDE = 3; // times as far as straight ahead

/**
 * Show which class was taken for which; one button can be reached by Tab, arrow keys lead on.
 *
 * @param {{counts: number[][], totals: number[], names: string[]}} table
 * @param {function(number, number)} open called with row and column
 * @returns {{node, mark: function(number, number)}}
 */
export function createMatrix(table, open) {
  const buttons = [];
  const node = createTable(table, (row, column) => {
    const button = createButton(table, row, column);
    buttons.push({ row, column, button });
    button.addEventListener("click", () => open(row, column));
    button.addEventListener("keydown", (event) => {
      const step = DIRECTIONS[event.key];
      if (!step) return;
      event.preventDefault();
      findAhead(buttons, { row, column }, step)?.button.focus();
    });
    button.addEventListener("focus", () => offer(button));
    return button;
  });
  let offered = buttons[0]?.button;
  offered?.setAttribute("tabindex", 0);

  function offer(button) {
    offered.tabIndex = -1;
    offered = button;
    offered.tabIndex = 0;
  }
  function mark(row, column) {
    for (const each of buttons) {
      const isChosen = each.row === row && each.column === column;
      each.button.setAttribute("aria-pressed", String(isChosen));
      if (isChosen) offer(each.button);
    }
  }
  return { node, mark };
}

export const nameCell = (names, row, column) =>
  row === column ? `${names[row]}, recognised` : `${names[row]}, taken for ${names[column]}`;

function createTable({ counts, totals, names }, createCell) {
  const isDense = names.length > FEW;
  const isTurned = names.some((name) => name.length > SHORT);
  const head = (scope, name) => element("th", { scope, title: name }, element("span", {}, name));
  return element(
    "table",
    { class: `matrix${isDense ? " is-dense" : ""}${isTurned ? " is-turned" : ""}` },
    element("caption", {}, "Confusion matrix: true classes down, answers across"),
    element(
      "thead",
      {},
      element(
        "tr",
        {},
        element("td", { class: "corner" }),
        names.map((name) => head("col", name)),
      ),
    ),
    element(
      "tbody",
      {},
      counts.map((line, row) =>
        element(
          "tr",
          {},
          head("row", totals[row] ? names[row] : `${names[row]} (untested)`),
          line.map((count, column) =>
            element("td", {}, count === 0 ? null : createCell(row, column)),
          ),
        ),
      ),
    ),
  );
}

function createButton({ counts, totals, names }, row, column) {
  const count = counts[row][column];
  const share = count / totals[row];
  const colour =
    row === column
      ? colourShare("--right", 0.15 + 0.6 * share)
      : colourShare("--accent", 0.2 + 0.8 * Math.sqrt(share));
  return element(
    "button",
    {
      type: "button",
      tabindex: -1,
      "aria-pressed": "false",
      "aria-label": `${nameCell(names, row, column)}: ${countThings(count, "picture")}`,
      "data-value": count,
      "data-cell": `${row},${column}`,
      style: `background:rgb(${colour.map(Math.round)});color:${colourText(colour)}`,
    },
    formatCount(count),
  );
}

/** Return the nearest button in a direction, straight ahead rather than aside. */
function findAhead(buttons, from, [down, along]) {
  let best = null;
  let least = Infinity;
  for (const each of buttons) {
    const [rows, columns] = [each.row - from.row, each.column - from.column];
    const ahead = rows * down + columns * along;
    const distance = ahead + ASIDE * Math.abs(rows * along + columns * down);
    if (ahead > 0 && distance < least) [best, least] = [each, distance];
  }
  return best;
}
