/** Layers that change every number where it stands: normalisations, activations, rescaling. */

import { extent } from "d3-array";
import { ACTIVATIONS, ACTIVATION_NAMES, shapeRelu } from "../activations.js";
import { explainBatchNormalisation, explainLayerNormalisation } from "../arithmetic.js";
import { createReceipt } from "../cells.js";
import { drawDistributions, drawFunction } from "../charts.js";
import { element } from "../dom.js";
import { createGallery } from "../gallery.js";
import { formatNumber } from "../numbers.js";
import { createScanner, say, startAtPeak } from "./scanner.js";
import { viewShares } from "./softmax.js";

const FEWEST = 32; // numbers whose spread is worth a chart

export function viewPointwise(context) {
  const {
    layer,
    looks: [before],
    after,
    memory,
  } = context;
  const scanner = element("div");
  const scan = (channel) => createNumberScanner({ ...context, channel });
  const hasMaps = !after.isRow && !after.isPicture;
  const gallery = hasMaps
    ? createGallery(after, {
        memory,
        onChoose: (channel) => scanner.replaceChildren(scan(channel)),
      })
    : null;
  scanner.append(scan(memory.channel ?? 0));
  const isSoftmax = layer.settings.activation === "softmax";
  return [
    element("h4", {}, "Each number, before and after"),
    scanner,
    ...(isSoftmax && after.isRow ? viewShares(before.tensor.data, context) : []),
    ...(hasSpread(layer, after) ? compareNumbers(before, after) : []),
    ...(gallery ? [element("h4", {}, "What leaves"), gallery] : []),
  ];
}

const hasSpread = ({ kind }, { tensor }) => kind !== "rescaling" && tensor.data.length >= FEWEST;

function compareNumbers(before, after) {
  const series = [
    { name: "before", values: before.tensor.data },
    { name: "after", values: after.tensor.data },
  ];
  return [
    element("h4", {}, "All numbers"),
    element(
      "p",
      { class: "keys" },
      series.map(({ name, values }) => {
        const [low, high] = extent(values);
        return element(
          "span",
          { class: `key ${name}` },
          `${name}: ${formatNumber(low)} to ${formatNumber(high)}`,
        );
      }),
    ),
    drawDistributions(series, "How many numbers have which size, before and after"),
  ];
}

function createNumberScanner({ layer, looks: [before], after, memory, channel }) {
  startAtPeak(memory, before.maps, channel);
  const name = after.isRow ? "the row" : after.isPicture ? "the picture" : `map ${channel}`;
  const { channels, width } = after.maps;
  const last = after.tensor.data.length / channels - 1;
  const scanner = createScanner({
    memory,
    before: {
      maps: before.maps,
      label: `Before: ${name}`,
      caption: `arrives: ${name}`,
      paint: (canvas) => before.paint(canvas, channel),
    },
    after: {
      maps: after.maps,
      label: `After: ${name}`,
      caption: `leaves: ${name}. Point at a number`,
      paint: (canvas) => after.paint(canvas, channel),
    },
    onMove(row, column) {
      const at = Math.min(row * width + column, last) * channels + channel;
      const result = after.tensor.data[at];
      const place = after.isRow ? `Number ${at}` : `Row ${row}, column ${column} of ${name}`;
      return {
        marks: [],
        below: [
          say(`${place}: ${formatNumber(before.tensor.data[at])} becomes ${formatNumber(result)}`),
          ...explainNumber(layer, before.tensor, at, result),
        ],
      };
    },
  });
  scanner.refresh();
  return scanner.node;
}

function explainNumber(layer, input, at, result) {
  const explain = {
    batch_normalization: explainBatch,
    layer_normalization: explainLayer,
    rescaling: explainScale,
    layer_scale: explainLayerScale,
    operation_add: explainConstant,
    operation_multiply: explainConstant,
  };
  if (layer.kind in explain) return [createReceipt(explain[layer.kind](layer, input, at, result))];
  return explainFunction(layer, input, at, result);
}

const explainBatch = (layer, input, at) =>
  billNormalisation(
    explainBatchNormalisation(layer, input.data[at], at % input.shape.at(-1)),
    "mean of the training pictures",
  );

const explainLayer = (layer, input, at) =>
  billNormalisation(
    explainLayerNormalisation(layer, input, at),
    "mean of the numbers at this place",
  );

function billNormalisation({ value, mean, spread, normal, gamma, beta, result }, meanName) {
  return [
    { label: "arrives", value },
    { label: `minus the ${meanName}`, value: mean },
    { label: "divided by the spread", value: spread },
    { label: "so far", value: normal, isTotal: true },
    { label: "times the learned scale", value: gamma },
    { label: "plus the learned shift", value: beta },
    { label: "leaves", value: result, isTotal: true },
  ];
}

function explainScale({ settings: { scale, offset } }, input, at, result) {
  const pick = (value) => (Array.isArray(value) ? value[at % value.length] : value);
  return [
    { label: "arrives", value: input.data[at] },
    { label: "times", value: pick(scale) },
    pick(offset) !== 0 && { label: "plus", value: pick(offset) },
    { label: "leaves", value: result, isTotal: true },
  ];
}

function explainLayerScale({ weights }, input, at, result) {
  const { data } = Object.values(weights)[0];
  return [
    { label: "arrives", value: input.data[at] },
    { label: "times the learned number of its channel", value: data[at % data.length] },
    { label: "leaves", value: result, isTotal: true },
  ];
}

function explainConstant({ kind, settings }, input, at, result) {
  return [
    { label: "arrives", value: input.data[at] },
    { label: kind === "operation_add" ? "plus" : "times", value: settings.constant },
    { label: "leaves", value: result, isTotal: true },
  ];
}

/** Return the function that a layer applies to each number, null for softmax, and its name. */
function findFunction({ kind, settings }) {
  if (kind !== "relu")
    return {
      apply: ACTIVATIONS[settings.activation] ?? null,
      title: ACTIVATION_NAMES[settings.activation],
    };
  const { max_value: most } = settings;
  return { apply: shapeRelu(settings), title: most === null ? "ReLU" : `ReLU${most}` };
}

function explainFunction(layer, input, at, result) {
  const { apply, title } = findFunction(layer);
  const bill = createReceipt([
    { label: "arrives", value: input.data[at] },
    { label: `leaves ${title}`, value: result, isTotal: true },
  ]);
  if (!apply) return [bill];
  const [low, high] = extent(input.data);
  const domain = [Math.min(low, -1), Math.max(high, 1)];
  return [
    bill,
    drawFunction(
      apply,
      domain,
      input.data[at],
      `${title} as a curve, and this number on it`,
    ),
  ];
}
