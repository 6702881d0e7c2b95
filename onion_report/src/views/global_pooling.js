/** Global poolings: one number per map. */

import { createLegend, createReceipt } from "../cells.js";
import { element } from "../dom.js";
import { createField, frame } from "../field.js";
import { createGallery } from "../gallery.js";
import { formatCount, formatNumber } from "../numbers.js";
import { say } from "./scanner.js";

export function viewGlobalPooling(context) {
  const {
    looks: [before],
    memory,
  } = context;
  const shown = element("div", { class: "fields is-plain" });
  const show = (channel) => shown.replaceChildren(...showMap(context, channel));
  const gallery = createGallery(before, { memory, onChoose: show });
  show(memory.channel);
  return [
    element("h4", {}, "One map, one number"),
    shown,
    element("h4", {}, "What arrives"),
    element("p", { class: "hint" }, "Most active first, all in one scale. Choose one."),
    gallery,
    createLegend(before.scale),
  ];
}

function showMap({ layer, looks: [before], after }, channel) {
  const { maps } = before;
  const values = Array.from(
    { length: maps.height * maps.width },
    (_, at) => maps.data[at * maps.channels + channel],
  );
  const field = createField({
    ...maps,
    label: `Map ${channel} of ${before.name}`,
    caption: `arrives: map ${channel}`,
    paint: (canvas) => before.paint(canvas, channel),
  });
  const isMaximum = layer.kind === "global_max_pooling2d";
  const peak = values.indexOf(Math.max(...values));
  const place = { row: Math.floor(peak / maps.width), column: peak % maps.width };
  if (isMaximum) field.mark(frame(place.row, place.column));
  const result = after.tensor.data[channel];
  return [
    field.node,
    element(
      "div",
      { class: "below" },
      say(`Number ${channel}: ${formatNumber(result)}`),
      isMaximum ? billPeak(place, result) : billMean(values, result),
    ),
  ];
}

const billPeak = ({ row, column }, value) =>
  createReceipt([{ label: `largest, at row ${row}, column ${column}`, value, isTotal: true }]);

const billMean = (values, value) =>
  createReceipt([
    {
      label: `sum of ${formatCount(values.length)} numbers`,
      value: values.reduce((sum, each) => sum + each, 0),
    },
    { label: "mean", value, isTotal: true },
  ]);
