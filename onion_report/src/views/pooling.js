/** Poolings: which number of each window stays, or the mean of it. */

import { explainPooling } from "../arithmetic.js";
import { createCells, createLegend, createReceipt } from "../cells.js";
import { element } from "../dom.js";
import { windowsOf } from "../engine.js";
import { dots, frame } from "../field.js";
import { createGallery } from "../gallery.js";
import { formatNumber } from "../numbers.js";
import { createScanner, say, startAtPeak } from "./scanner.js";

export function viewPooling(context) {
  const { layer, after, memory } = context;
  const scanner = element("div");
  const scan = (channel) => createWindowScanner({ ...context, channel });
  const gallery = createGallery(after, {
    memory,
    onChoose: (channel) => scanner.replaceChildren(scan(channel)),
  });
  scanner.append(scan(memory.channel));
  const isMaximum = layer.kind === "max_pooling2d";
  return [
    element("h4", {}, isMaximum ? "Which pixel won each window" : "The mean of each window"),
    scanner,
    element("h4", {}, "What leaves"),
    gallery,
    createLegend(after.scale),
  ];
}

function createWindowScanner({ layer, looks: [before], after, memory, channel }) {
  const isMaximum = layer.kind === "max_pooling2d";
  startAtPeak(memory, after.maps, channel);
  const winners = isMaximum ? dots(findWinners(layer, before.tensor, channel)) : null;
  const scanner = createScanner({
    memory,
    before: {
      maps: before.maps,
      label: `Map ${channel} of ${before.name}`,
      caption: `arrives: map ${channel}${isMaximum ? "; dots mark the winners" : ""}`,
      paint: (canvas) => before.paint(canvas, channel),
    },
    after: {
      maps: after.maps,
      label: `Map ${channel} of ${layer.name}`,
      caption: `leaves: map ${channel}. Point at a pixel`,
      paint: (canvas) => after.paint(canvas, channel),
    },
    onMove(row, column) {
      const found = explainPooling(layer, before.tensor, channel, row, column);
      const { top, left, rows, columns } = found.patch;
      const result = isMaximum ? found.values[found.winner] : found.mean;
      return {
        marks: [winners, frame(top, left, rows, columns)].filter(Boolean),
        below: [
          say(`Row ${row}, column ${column} of map ${channel}: ${formatNumber(result)}`),
          element(
            "div",
            { class: "working" },
            createCells(found.values, columns, before.scale, {
              caption: "window",
              isOutside: found.isOutside,
              winner: isMaximum ? found.winner : -1,
            }),
            isMaximum ? billWinner(found) : billMean(found),
          ),
        ],
      };
    },
  });
  scanner.refresh();
  return scanner.node;
}

function billWinner({ values, winner, ties, patch }) {
  const row = patch.top + Math.floor(winner / patch.columns);
  const column = patch.left + (winner % patch.columns);
  const shared = ties > 1 ? ` (${ties} are equal; the first is marked)` : "";
  return createReceipt([
    {
      label: `largest, at row ${row}, column ${column}${shared}`,
      value: values[winner],
      isTotal: true,
    },
  ]);
}

function billMean({ sum, count, mean }) {
  return createReceipt([
    { label: `sum of ${count} numbers`, value: sum },
    { label: "mean", value: mean, isTotal: true },
  ]);
}

/** Return the winner of each window; where all are equal, nobody wins. */
function findWinners(layer, input, channel) {
  const { outHeight, outWidth } = windowsOf(layer);
  const winners = [];
  for (let row = 0; row < outHeight; row++) {
    for (let column = 0; column < outWidth; column++) {
      const { winner, ties, count, patch } = explainPooling(layer, input, channel, row, column);
      if (ties === count && count > 1) continue;
      winners.push({
        row: patch.top + Math.floor(winner / patch.columns),
        column: patch.left + (winner % patch.columns),
      });
    }
  }
  return winners;
}
