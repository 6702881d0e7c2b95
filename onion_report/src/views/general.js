/** Any layer: what leaves, as maps or as a row of numbers with the largest by name. */

import { createLegend } from "../cells.js";
import { createBars } from "../charts.js";
import { element } from "../dom.js";
import { createField, frame } from "../field.js";
import { createGallery } from "../gallery.js";
import { formatNumber } from "../numbers.js";
import { say } from "./scanner.js";

const LEADING = 10;

export function viewGeneral({ after, memory, isComputed = false }) {
  const head = [element("h4", {}, "What leaves"), describeSample(after, isComputed)];
  if (after.isRow) return [...head, showRow(after, memory)].filter(Boolean);
  return [...head, ...showMaps(after, memory)].filter(Boolean);
}

/** Say what is left out. */
function describeSample({ isSample, isReduced, isRow, maps, activity }, isComputed) {
  if (!isSample) return null;
  const shown = isRow ? maps.data.length : maps.channels;
  const noun = isRow ? "number" : "map";
  const which = shown < activity.length ? ` the ${shown} most active of ${activity.length}` : "";
  const size = isReduced ? `, at ${maps.height}\u2009×\u2009${maps.width} places as means` : "";
  return element(
    "p",
    { class: "hint" },
    `As the network computed it:${which} ${noun}s${size}, rounded to 256 steps. ` +
      (isComputed
        ? "The layers below compute all of it anew, from their own weights."
        : "The weights that lead here stay outside: with them this page would be too large."),
  );
}

function showMaps(after, memory) {
  const shown = element("div", { class: "fields is-plain" });
  const show = (channel) => shown.replaceChildren(exploreMap(after, channel));
  const gallery = createGallery(after, { memory, onChoose: show });
  show(memory.channel);
  const rest = element("div", {}, gallery, createLegend(after.scale));
  return [element("div", { class: after.isSample ? "sampled" : "" }, shown, rest)];
}

/** Show one map whose numbers can be read. */
function exploreMap(look, channel) {
  const { maps } = look;
  const words = element("div", { class: "below" });
  const field = createField({
    ...maps,
    label: `Map ${look.nameChannel(channel)} of ${look.name}`,
    caption: `map ${look.nameChannel(channel)}. Point at a pixel`,
    paint: (canvas) => look.paint(canvas, channel),
    onMove(row, column) {
      field.mark(frame(row, column));
      const value = maps.data[(row * maps.width + column) * maps.channels + channel];
      words.replaceChildren(say(`Row ${row}, column ${column}: ${formatNumber(value)}`));
    },
  });
  return element("div", { class: "scanner" }, field.node, words);
}

function showRow(after, memory) {
  const { data } = after.tensor;
  const leading = [...data.keys()]
    .sort((a, b) => Math.abs(data[b]) - Math.abs(data[a]))
    .slice(0, LEADING);
  memory.position ??= leading[0];
  const bars = leading.map((at) => ({
    label: `number ${after.nameChannel(at)}`,
    value: data[at],
    text: formatNumber(data[at]),
  }));
  return element(
    "div",
    { class: "fields is-plain" },
    createRow(after, memory, (position) => formatNumber(data[position])).node,
    createBars(bars, { label: "The largest numbers" }),
  );
}

/** Show a row of numbers, wrapped, one of which can be pointed at. */
export function createRow(look, memory, describe, { caption, noun = "Number" } = {}) {
  const { maps, tensor } = look;
  const words = element("div", { class: "below" });
  const field = createField({
    ...maps,
    label: `The numbers of ${look.name}`,
    paint: (canvas) => look.paint(canvas, 0),
    caption: caption ?? `all ${tensor.data.length}, line by line`,
    onMove: (row, column) => show(Math.min(row * maps.width + column, tensor.data.length - 1)),
  });
  function show(position) {
    memory.position = position;
    const row = Math.floor(position / maps.width);
    field.mark(frame(row, position % maps.width));
    field.place(row, position % maps.width);
    words.replaceChildren(say(`${noun} ${look.nameChannel(position)}: ${describe(position)}`));
  }
  show(memory.position ?? 0);
  return { node: element("div", { class: "scanner" }, field.node, words), show };
}
