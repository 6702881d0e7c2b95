/** How it learned: curves, the first windows over the epochs, mix-ups and a map of the pictures. */

import { element } from "../dom.js";
import { createConfusion } from "./confusion.js";
import { createCurves } from "./curves.js";
import { createKernels } from "./kernels.js";
import { createMap } from "./map.js";

/** Show those parts of it that are given. */
export function createLearning(context, memory) {
  const { learning, confusion, map } = context.report;
  const blocks = [
    learning?.history?.length && ["Epoch by epoch", createCurves],
    learning?.kernels && ["The first windows", createKernels],
    confusion && ["What it takes for what", createConfusion],
    map && ["What it finds alike", createMap],
  ];
  return {
    nodes: blocks
      .filter(Boolean)
      .map(([title, create]) =>
        element(
          "div",
          { class: "block" },
          element("h3", {}, title),
          create(context, (memory[title] ??= {})),
        ),
      ),
  };
}
