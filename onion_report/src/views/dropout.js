/** Dropout: off, as now; on, as in training; and what that does to the answer. */

import { createReceipt } from "../cells.js";
import { createBars, drawSpread } from "../charts.js";
import { element } from "../dom.js";
import { dropNumbers } from "../draws.js";
import { createGallery } from "../gallery.js";
import { lookAt } from "../looks.js";
import { formatCount, formatNumber, formatShare } from "../numbers.js";
import { createScanner, say, startAtPeak } from "./scanner.js";

const OFFERED = 5;
const MANY = 40;
const PATIENCE = 400; // milliseconds for all draws
const LEADING = 3;

export function viewDropout(context) {
  const { memory, after } = context;
  memory.draw ??= 0;
  memory.channel = after.isRow ? 0 : (memory.channel ?? after.ranking[0]);
  const shown = element("div");
  const buttons = Array.from({ length: OFFERED }, (_, draw) =>
    element(
      "button",
      { type: "button", class: "choice", click: () => choose(draw) },
      `draw ${draw + 1}`,
    ),
  );

  function choose(draw) {
    memory.draw = draw;
    buttons.forEach((button, at) => button.setAttribute("aria-pressed", String(at === draw)));
    shown.replaceChildren(...showDraw(context, draw, shown));
  }
  choose(memory.draw);
  return [
    element("h4", {}, "Off, and on as in training"),
    element("div", { class: "choices", role: "group", "aria-label": "Draws" }, buttons),
    shown,
    ...showSpread(context),
  ];
}

function showDraw(context, draw, shown) {
  const { layer, after, memory, network } = context;
  const { channel } = memory;
  const drawn = dropNumbers(after.tensor, layer, draw);
  const scale = lookAt(drawn).scale;
  const off = lookAt(after.tensor, { name: layer.name, scale });
  const on = lookAt(drawn, { scale });
  startAtPeak(memory, off.maps, channel);
  const label = off.isRow ? "the row of numbers" : `map ${channel}`;
  const scanner = createScanner({
    memory,
    before: {
      maps: off.maps,
      label: `Off: ${label}`,
      caption: `off: ${label}`,
      paint: (canvas) => off.paint(canvas, channel),
    },
    after: {
      maps: on.maps,
      label: `On: ${label}`,
      caption: "on: grey is set to zero. Point at one",
      paint: (canvas) => paintDrawn(canvas, on, drawn, channel),
    },
    onMove: (row, column) => {
      const last = Math.floor((off.tensor.data.length - 1) / off.maps.channels);
      const at = Math.min(row * off.maps.width + column, last) * off.maps.channels + channel;
      return { marks: [], below: [billNumber(layer, after.tensor.data[at], drawn, at)] };
    },
  });
  scanner.refresh();
  const answer = network.follow(context.picture, layer, drawn);
  const gallery = off.isRow
    ? null
    : createGallery(on, {
        memory,
        ranking: off.ranking,
        onChoose: () => shown.replaceChildren(...showDraw(context, draw, shown)),
      });
  return [
    describeDraw(layer, drawn),
    scanner.node,
    gallery,
    answer && compareAnswers(context, answer.data),
  ].filter(Boolean);
}

function describeDraw(layer, { dropped }) {
  const count = dropped.reduce((sum, each) => sum + each, 0);
  return say(
    `${formatCount(count)} of ${formatCount(dropped.length)} numbers are set to zero, ${formatShare(count / dropped.length)}` +
      ` (asked for: ${formatShare(layer.settings.rate)}); the rest is multiplied by ${formatNumber(1 / (1 - layer.settings.rate))}.`,
  );
}

function billNumber(layer, value, { data, dropped }, at) {
  const factor = 1 / (1 - layer.settings.rate);
  return createReceipt([
    { label: `number ${at}, off`, value },
    {
      label: dropped[at] ? "dropped" : "kept, multiplied by",
      value: dropped[at] ? 0 : factor,
      text: dropped[at] ? "× 0" : `× ${formatNumber(factor)}`,
    },
    { label: "on", value: data[at], isTotal: true },
  ]);
}

function paintDrawn(canvas, on, { dropped }, channel) {
  on.paint(canvas, channel);
  const { height, width, channels } = on.maps;
  const context = canvas.getContext("2d");
  context.fillStyle = getComputedStyle(document.documentElement).getPropertyValue("--dropped");
  for (let place = 0; place < height * width; place++) {
    if (dropped[place * channels + channel])
      context.fillRect(place % width, Math.floor(place / width), 1, 1);
  }
}

function compareAnswers({ network, picture, nameClass }, on) {
  const off = network.output(picture, network.last.name).data;
  const bars = leadingOf(off).flatMap((at) => [
    { label: nameClass(at), mark: "off", value: off[at], text: formatShare(off[at]) },
    { label: nameClass(at), mark: "on", value: on[at], text: formatShare(on[at]) },
  ]);
  return element(
    "div",
    {},
    element("h4", {}, "The answer, off and on"),
    createBars(bars, { label: "Shares of the leading classes", top: 1 }),
  );
}

function showSpread({ network, picture, layer, after, nameClass }) {
  const usual = network.output(picture, network.last.name)?.data;
  const answers = usual ? followDraws(network, picture, layer, after.tensor) : [];
  if (answers.length === 0) {
    return [
      element(
        "p",
        { class: "hint" },
        "What follows this layer cannot be computed in this page, so the answers of single draws are not shown.",
      ),
    ];
  }
  const rows = leadingOf(usual).map((at) => ({
    name: nameClass(at),
    usual: usual[at],
    values: answers.map((answer) => answer[at]),
  }));
  return [
    element("h4", {}, `The answers of ${answers.length} draws`),
    element(
      "p",
      { class: "hint" },
      "A dot is one draw of this layer alone; the line is the answer with everything on its way.",
    ),
    drawSpread(rows, "Range of the shares of the leading classes over the draws"),
  ];
}

function followDraws(network, picture, layer, tensor) {
  const answers = [];
  const end = performance.now() + PATIENCE;
  while (answers.length < MANY && performance.now() < end) {
    const answer = network.follow(picture, layer, dropNumbers(tensor, layer, answers.length));
    if (!answer) break;
    answers.push(answer.data);
  }
  return answers;
}

const leadingOf = (shares) =>
  [...shares.keys()].sort((a, b) => shares[b] - shares[a]).slice(0, LEADING);
