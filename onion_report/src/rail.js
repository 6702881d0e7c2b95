/** The line beside the ladder that leads from layer to layer, with its branches. */

import { line, curveBumpY } from "d3-shape";
import { colourDepth } from "./colours.js";
import { drawing } from "./dom.js";
import { arrangeLanes } from "./lanes.js";

const WIDEST = 16; // CSS pixels between two lanes
const ROOM = 64; // for all of them
const EDGE = 10; // to the first one
const TURN = 28; // height of the curve into or out of a lane

/**
 * Draw the rail beside the cards of a ladder, again whenever one opens.
 *
 * @param {HTMLElement} ladder gets the room for the rail as `--rail`
 * @param {HTMLElement[]} heads of the cards; a dot is drawn beside the middle of each
 * @param {Object[]} layers
 */
export function createRail(ladder, heads, layers) {
  const { lanes, edges, count } = arrangeLanes(layers);
  const step = Math.min(WIDEST, ROOM / Math.max(count - 1, 1));
  const x = (lane) => EDGE + lane * step;
  const rail = drawing("svg", { class: "rail", "aria-hidden": "true", width: x(count - 1) + EDGE });
  ladder.style.setProperty("--rail", `${x(count - 1) + EDGE}px`);
  ladder.prepend(rail);

  function draw() {
    const top = ladder.getBoundingClientRect().top;
    const middle = heads.map((head) => {
      const box = head.getBoundingClientRect();
      return box.top + box.height / 2 - top;
    });
    rail.setAttribute("height", ladder.scrollHeight);
    rail.replaceChildren(
      ...edges.map(({ from, to, lane }) =>
        drawing("path", {
          class: "edge",
          d: lead([lanes[from], middle[from]], lane, [lanes[to], middle[to]], x),
        }),
      ),
      ...middle.map((y, row) =>
        drawing("circle", {
          cx: x(lanes[row]),
          cy: y,
          r: 5,
          fill: colourDepth(row / Math.max(layers.length - 1, 1)),
        }),
      ),
    );
  }
  new ResizeObserver(draw).observe(ladder);
  return { draw };
}

/** Lead from one dot through a lane to another dot. */
function lead([start, top], lane, [end, bottom], x) {
  const bend = Math.min(TURN, (bottom - top) / 2);
  const points = [[x(start), top]];
  if (start !== lane) points.push([x(lane), top + bend]);
  if (end !== lane) points.push([x(lane), bottom - bend]);
  points.push([x(end), bottom]);
  return line().curve(curveBumpY)(points);
}
