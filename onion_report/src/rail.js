/** The line beside the ladder that leads from layer to layer, with its branches. */

import { line, curveBumpY } from "d3-shape";
import { colourDepth } from "./colours.js";
import { drawing } from "./dom.js";
import { arrangeLanes } from "./lanes.js";

const WIDEST = 16; // CSS pixels between two lanes
const ROOM = 64; // for all of them
const EDGE = 10; // to the first one
const TURN = 28; // height of the curve into or out of a lane
const ENTRY = 14; // above a nested ladder, where its lines begin

/**
 * Draw the rail beside the cards of a ladder, again whenever one opens.
 *
 * @param {HTMLElement} ladder gets the room for the rail as `--rail`
 * @param {HTMLElement[]} heads of the cards; a dot is drawn beside the middle of each
 * @param {Object[]} items of the outline
 * @param {{depths: number[]}} options the depth of each in the onion, for its colour
 */
export function createRail(ladder, heads, items, { depths }) {
  const { steps, isEntered } = listSteps(items);
  const { lanes, edges, count } = arrangeLanes(steps);
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
    if (isEntered) middle.unshift(-ENTRY);
    rail.setAttribute("height", ladder.scrollHeight);
    rail.replaceChildren(
      ...edges.map(({ from, to, lane }) =>
        drawing("path", {
          class: "edge",
          d: lead([lanes[from], middle[from]], lane, [lanes[to], middle[to]], x),
        }),
      ),
      ...depths.map((depth, row) =>
        drawing("circle", {
          cx: x(lanes[row + isEntered]),
          cy: middle[row + isEntered],
          r: 5,
          fill: colourDepth(depth),
        }),
      ),
    );
  }
  new ResizeObserver(draw).observe(ladder);
  return { draw };
}

/** Return what stands on a rail; first, where lines come in from above, the place of that. */
function listSteps(items) {
  const own = new Set(items.flatMap(listNames));
  const steps = items.map((item) => {
    const within = new Set(listNames(item));
    const inputs = listLayers(item).flatMap(({ inputs: names }) => names);
    const outer = [...new Set(inputs.filter((name) => !within.has(name)))];
    const isOpen = outer.some((name) => !own.has(name));
    return {
      names: listNames(item),
      inputs: [...outer.filter((name) => own.has(name)), ...(isOpen ? [ABOVE] : [])],
    };
  });
  const isEntered = steps.some(({ inputs }) => inputs.includes(ABOVE));
  if (isEntered) steps.unshift({ names: [ABOVE], inputs: [] });
  return { steps, isEntered: Number(isEntered) };
}

const ABOVE = Symbol("above");
const listLayers = ({ layer, group, children }) =>
  layer ? [layer] : (group.layers ?? children.flatMap((child) => child.group.layers));
const listNames = (item) => listLayers(item).map(({ name }) => name);

/** Lead from one dot through a lane to another dot. */
function lead([start, top], lane, [end, bottom], x) {
  const bend = Math.min(TURN, (bottom - top) / 2);
  const points = [[x(start), top]];
  if (start !== lane) points.push([x(lane), top + bend]);
  if (end !== lane) points.push([x(lane), bottom - bend]);
  points.push([x(end), bottom]);
  return line().curve(curveBumpY)(points);
}
