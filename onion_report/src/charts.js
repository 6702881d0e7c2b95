/** Charts, made of parts of d3: its scales place what is drawn here. */

import { bin, extent, max } from "d3-array";
import { scaleLinear, scaleSqrt } from "d3-scale";
import { area, curveMonotoneX, line } from "d3-shape";
import { drawing, element, path } from "./dom.js";
import { formatNumber } from "./numbers.js";

const WIDTH = 320;
const SIDE = 16; // for the numbers at both ends
const HEIGHT = 110;
const BASE = 18; // for the numbers below

/**
 * Show bars one below the other, from zero to both sides.
 *
 * @param {{label: string | Node, value: number, text: string, isChosen?: boolean,
 *   onClick?: function, mark?: string}[]} bars
 * @param {{label: string, top?: number}} options `top` is where bars end; the largest by default
 */
export function createBars(bars, { label, top }) {
  const most = top ?? (max(bars, ({ value }) => Math.abs(value)) || 1);
  const hasNegative = bars.some(({ value }) => value < 0);
  const place = scaleLinear([hasNegative ? -most : 0, most], [0, 100]);
  return element(
    "ul",
    { class: "bars", "aria-label": label },
    bars.map((bar) => createBar(bar, place)),
  );
}

function createBar({ label, value, text, isChosen, onClick, mark }, place) {
  const track = createTrack(value, place);
  const content = [
    element(
      "span",
      { class: "bar-label" },
      label,
      mark ? element("span", { class: "bar-mark" }, ` ${mark}`) : null,
    ),
    track,
    element("span", { class: "bar-value", "data-value": value }, text),
  ];
  if (!onClick) return element("li", { class: "bar" }, content);
  const button = {
    type: "button",
    class: "bar",
    click: onClick,
    "aria-pressed": String(Boolean(isChosen)),
  };
  return element("li", {}, element("button", button, content));
}

/** A bar by itself, between the ends of a scale of per cents. */
export function createTrack(value, place) {
  const [from, to] = [place(0), place(value)].sort((a, b) => a - b);
  const style = `left:${from.toFixed(2)}%;width:${Math.max(to - from, 0).toFixed(2)}%`;
  const name = value < 0 ? "bar-fill is-negative" : "bar-fill";
  return element(
    "span",
    { class: "bar-track", "aria-hidden": "true" },
    element("span", { class: name, style }),
  );
}

/** Draw how the numbers before and after a layer are spread. */
export function drawDistributions(series, label) {
  const domain = extent(series.flatMap(({ values }) => extent(values)));
  if (domain[0] === domain[1]) domain[1] += 1;
  const x = scaleLinear(domain, [SIDE, WIDTH - SIDE]).nice();
  const counted = series.map(({ values }) =>
    bin().domain(x.domain()).thresholds(x.ticks(40))(values),
  );
  const most = max(counted.flat(), (each) => each.length);
  const y = scaleSqrt([0, most], [HEIGHT - BASE, 6]);
  const outline = area()
    .curve(curveMonotoneX)
    .x((each) => x((each.x0 + each.x1) / 2))
    .y0(y(0))
    .y1((each) => y(each.length));
  return chart(
    label,
    x,
    series.map(({ name }, at) => path(outline(counted[at]), `spread ${name}`)),
  );
}

/** Draw a function of one number, with one point on it. */
export function drawFunction(apply, domain, point, label) {
  const x = scaleLinear(domain, [SIDE, WIDTH - SIDE]).nice();
  const places = x.ticks(120);
  const y = scaleLinear(extent(places, apply), [HEIGHT - BASE - 4, 8]);
  const curve = line()
    .x(x)
    .y((value) => y(apply(value)));
  const zero = drawing("line", {
    class: "zero-line",
    x1: SIDE,
    x2: WIDTH - SIDE,
    y1: y(0),
    y2: y(0),
  });
  const dot = drawing("circle", { class: "point", cx: x(point), cy: y(apply(point)), r: 5 });
  return chart(label, x, [zero, path(curve(places), "curve"), dot]);
}

/**
 * Draw where the shares of some classes fell in several draws.
 *
 * @param {{name: string, values: number[], usual: number}[]} rows
 */
export function drawSpread(rows, label) {
  const place = scaleLinear([0, 1], [0, 100]);
  return element(
    "ul",
    { class: "bars", "aria-label": label },
    rows.map(({ name, values, usual }) => {
      const [low, high] = extent(values);
      const dots = values.map((value, at) =>
        element("i", {
          style: `left:${place(value).toFixed(2)}%;top:${20 + ((at * 37) % 60)}%`,
        }),
      );
      return element(
        "li",
        { class: "bar" },
        element("span", { class: "bar-label" }, name),
        element(
          "span",
          { class: "bar-track is-spread", "aria-hidden": "true" },
          dots,
          element("b", { style: `left:${place(usual).toFixed(2)}%` }),
        ),
        element(
          "span",
          { class: "bar-value" },
          `${(100 * low).toFixed(1)}–${(100 * high).toFixed(1)} %`,
        ),
      );
    }),
  );
}

function chart(label, x, marks) {
  const ticks = x
    .ticks(5)
    .map((tick) => drawing("text", { x: x(tick), y: HEIGHT - 4, class: "tick" }, formatTick(tick)));
  const base = drawing("line", {
    class: "base-line",
    x1: 0,
    x2: WIDTH,
    y1: HEIGHT - BASE,
    y2: HEIGHT - BASE,
  });
  return drawing(
    "svg",
    { class: "chart", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label },
    marks,
    base,
    ticks,
  );
}

const formatTick = (tick) =>
  formatNumber(tick)
    .replace(/(\.\d*?)0+$/, "$1")
    .replace(/\.$/, "");
