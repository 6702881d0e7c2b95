/** Curves of loss and accuracy over the epochs, one of which is read. */

import { element } from "../dom.js";
import { stepInList } from "../keyboard.js";
import { formatNumber, formatShare } from "../numbers.js";
import { say } from "../views/scanner.js";
import { createChart } from "./curve_chart.js";

const FIGURES = [
  { title: "Loss", training: "loss", validation: "validation_loss", write: formatNumber },
  {
    title: "Accuracy",
    training: "accuracy",
    validation: "validation_accuracy",
    write: formatShare,
    ceiling: 1,
  },
];
const SETS = ["training", "validation"];

/** Show the history of a training; the reader points at an epoch, or moves with arrow keys. */
export function createCurves({ report }, memory) {
  const { history } = report.learning;
  const figures = FIGURES.filter((figure) => SETS.some((set) => hasNumbers(history, figure[set])));
  const best = history.findIndex((row) => row.best);
  memory.epoch ??= best >= 0 ? best : history.length - 1;
  const charts = figures.map((figure) =>
    createChart(figure, readSets(figure, history), { history, best }, read),
  );
  const words = say("");
  const slider = element(
    "div",
    {
      class: "curves",
      role: "slider",
      tabindex: 0,
      "aria-label": "Epoch",
      "aria-valuemin": history[0].epoch,
      "aria-valuemax": history.at(-1).epoch,
      keydown(event) {
        const next = stepInList(event, memory.epoch, history.length);
        if (next !== null) read(next);
      },
    },
    charts.map((chart) => chart.node),
  );

  function read(at) {
    memory.epoch = at;
    const row = history[at];
    const text = sayEpoch(row, figures, at === best);
    slider.setAttribute("aria-valuenow", row.epoch);
    slider.setAttribute("aria-valuetext", text);
    words.textContent = text;
    for (const chart of charts) chart.read(at);
  }
  read(memory.epoch);
  return element("div", {}, slider, words);
}

const isNumber = (value) => typeof value === "number";
const hasNumbers = (history, name) => history.some((row) => isNumber(row[name]));

function sayEpoch(row, figures, isBest) {
  const parts = figures.map(({ title, write, ...names }) => {
    const found = SETS.filter((set) => isNumber(row[names[set]])).map(
      (set) => `${write(row[names[set]])} in ${set}`,
    );
    return found.length ? `${title.toLowerCase()} ${found.join(", ")}` : null;
  });
  const kept = isBest ? " Its weights were kept." : "";
  return `Epoch ${row.epoch}: ${parts.filter(Boolean).join("; ")}.${kept}`;
}

const readSets = (figure, history) =>
  SETS.filter((set) => hasNumbers(history, figure[set])).map((set) => ({
    set,
    values: history.map((row) => (isNumber(row[figure[set]]) ? row[figure[set]] : null)),
  }));
