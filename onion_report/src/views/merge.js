/** Where branches meet: what comes from each, and what is made of it. */

import { createLegend, createReceipt } from "../cells.js";
import { element } from "../dom.js";
import { createField, frame } from "../field.js";
import { createGallery } from "../gallery.js";
import { axisOf, spread } from "../merging.js";
import { formatNumber } from "../numbers.js";
import { createRow, viewGeneral } from "./general.js";
import { say, startAtPeak } from "./scanner.js";

const SIGNS = { add: "+", multiply: "×", operation_add: "+", operation_multiply: "×" };

export function viewMerge(context) {
  const { layer, looks, after, memory } = context;
  const isMap = [...looks, after].every((each) => each.tensor.shape.length === 3);
  const shown = element("div");
  if (!isMap) return layer.kind === "concatenate" ? viewRows(context) : viewGeneral(context);
  const show = (channel) =>
    shown.replaceChildren(
      layer.kind === "concatenate" ? showOrigin(context, channel) : showSum(context, channel),
    );
  const gallery = createGallery(after, { memory, onChoose: show });
  show(memory.channel);
  return [
    element("h4", {}, layer.kind === "concatenate" ? "Side by side" : "Branch by branch"),
    shown,
    element("h4", {}, "What leaves"),
    gallery,
    createLegend(after.scale),
  ];
}

/** Show one map of each branch, and the one they make, under one cursor. */
function showSum({ layer, looks, after, memory }, channel) {
  const below = element("div", { class: "below" });
  const describe = (each, words, onMove) =>
    createField({
      ...each.maps,
      size: 180,
      label: `${words}, map ${channel}`,
      caption: `${words}: map ${channel}`,
      paint: (canvas) => each.paint(canvas, Math.min(channel, each.maps.channels - 1)),
      onMove,
    });
  const branches = looks.map((each) => describe(each, each.name));
  const result = describe(after, "leaves", move);
  const readers = looks.map((each) => spread(each.tensor, layer.outputShape));

  function move(row, column) {
    Object.assign(memory, { row, column });
    const at = (row * after.maps.width + column) * after.maps.channels + channel;
    [...branches, result].forEach((field, branch) => {
      const maps = [...looks, after][branch].maps;
      field.mark(frame(Math.min(row, maps.height - 1), Math.min(column, maps.width - 1)));
    });
    result.place(row, column);
    below.replaceChildren(
      say(`Row ${row}, column ${column} of map ${channel}: ${formatNumber(after.tensor.data[at])}`),
      createReceipt([
        ...readers.map((read, branch) => ({
          label: `${branch ? `${SIGNS[layer.kind]} ` : ""}${looks[branch].name}`,
          value: read(at),
        })),
        { label: "leaves", value: after.tensor.data[at], isTotal: true },
      ]),
    );
  }
  startAtPeak(memory, after.maps, channel);
  const signs = branches.flatMap((field, branch) => [
    branch ? sign(SIGNS[layer.kind]) : null,
    field.node,
  ]);
  const node = element(
    "div",
    { class: "scanner" },
    element("div", { class: "fields is-stacked" }, signs, sign("="), result.node),
    below,
  );
  move(memory.row, memory.column);
  return node;
}

/** Show a map of a concatenation and say from which branch it is. */
function showOrigin({ layer, looks, after }, channel) {
  const found = findBranch(layer, looks, channel);
  const field = createField({
    ...after.maps,
    label: `Map ${channel} of ${layer.name}`,
    caption: `map ${channel}`,
    paint: (canvas) => after.paint(canvas, channel),
  });
  return element(
    "div",
    { class: "fields is-plain" },
    field.node,
    element(
      "div",
      { class: "below" },
      say(
        found.isChannel
          ? `Map ${channel} is map ${found.index} of ${found.name}.`
          : `Every map is made of parts of ${looks.map(({ name }) => name).join(" and ")}.`,
      ),
      listBranches(looks),
    ),
  );
}

const sign = (text) => element("span", { class: "sign", "aria-hidden": "true" }, text);

function listBranches(looks) {
  let start = 0;
  return createReceipt(
    looks.map(({ name, maps, isRow, tensor }) => {
      const count = isRow ? tensor.data.length : maps.channels;
      const label = `${name}: ${start} to ${start + count - 1}`;
      start += count;
      return { label, value: count, text: String(count) };
    }),
  );
}

function viewRows(context) {
  const { layer, looks, after, memory } = context;
  const row = createRow(after, memory, (position) => {
    const found = findBranch(layer, looks, position);
    return `${formatNumber(after.tensor.data[position])}, number ${found.index} of ${found.name}`;
  });
  return [
    element("h4", {}, "One behind the other"),
    element("div", { class: "fields is-plain" }, row.node, listBranches(looks)),
  ];
}

/** Return from which branch a channel, or a number of a row, comes and which it was there. */
function findBranch(layer, looks, index) {
  const axis = axisOf(layer);
  if (axis !== layer.outputShape.length - 1) return { isChannel: false };
  const branch = looks.findIndex(
    ({ tensor }) => index < tensor.shape[axis] || !(index -= tensor.shape[axis]),
  );
  return { isChannel: true, name: looks[branch].name, index };
}
