/** The arithmetic of single numbers: all that goes into one pixel or unit. */

import { kernelOf, sumDense, windowsOf } from "./engine.js";
import { measure } from "./normalisations.js";
import { clipPatch, findPatch } from "./windows.js";

/**
 * Take a convolution apart at one place.
 *
 * @returns {{patch, parts: {channel: number, patch: number[], weights: number[],
 *   products: number[], scanned: number, mixing: number | null, sum: number}[],
 *   isOutside: function(number): boolean, bias: number, sum: number}} one part per window and
 *   channel, the largest first; `scanned` is the sum of products, `sum` what the part adds
 */
export function explainConvolution(layer, input, filter, row, column) {
  const { patch, isOutside, places } = readPatch(layer, row, column);
  const channels = input.shape.at(-1);
  const parts = listWindows(layer, filter).map(({ channel, mixing, ...window }) => {
    const values = places.map((place) => (place < 0 ? 0 : input.data[place * channels + channel]));
    const weights = readWindow(layer, window.row, window.column);
    const products = values.map((value, tap) => value * weights[tap]);
    const scanned = add(products);
    return {
      channel,
      patch: values,
      weights,
      products,
      scanned,
      mixing,
      sum: scanned * (mixing ?? 1),
    };
  });
  parts.sort((a, b) => Math.abs(b.sum) - Math.abs(a.sum));
  const bias = layer.weights.bias?.data[filter] ?? null;
  return { patch, parts, isOutside, bias, sum: add(parts.map((part) => part.sum)) + (bias ?? 0) };
}

/**
 * Return the windows of which a filter is made, one for each channel that it sees.
 *
 * @returns {{channel: number, row: number, column: number, mixing: number | null}[]} `channel` is
 *   that of the picture, `row` and `column` are the place of the window in the kernel
 */
export function listWindows(layer, filter) {
  const [, , seen, count] = kernelOf(layer).shape;
  if (layer.kind === "depthwise_conv2d") {
    const channel = Math.floor(filter / count);
    return [{ channel, row: channel, column: filter % count, mixing: null }];
  }
  if (layer.kind === "separable_conv2d")
    return Array.from({ length: seen * count }, (_, at) => {
      const channel = Math.floor(at / count);
      const { data } = layer.weights.pointwise_kernel;
      const mixing = data[at * layer.outputShape[2] + filter];
      return { channel, row: channel, column: at % count, mixing };
    });
  const groups = layer.inputShapes[0][2] / seen;
  const first = Math.floor((filter * groups) / count) * seen;
  return Array.from({ length: seen }, (_, row) => ({
    channel: first + row,
    row,
    column: filter,
    mixing: null,
  }));
}

/** Return the weights of one window, row by row. */
export function readWindow(layer, channel, window) {
  const { data, shape } = kernelOf(layer);
  const [rows, columns, channels, count] = shape;
  return Array.from(
    { length: rows * columns },
    (_, tap) => data[(tap * channels + channel) * count + window],
  );
}

/**
 * Take a pooling apart at one place.
 *
 * @returns {{patch, values: number[], isOutside, winner: number, ties: number, count: number,
 *   mean: number}} `winner` is the place in `values` of the first of the largest
 */
export function explainPooling(layer, input, channel, row, column) {
  const { patch, isOutside, places } = readPatch(layer, row, column);
  const values = places.map((place) =>
    place < 0 ? 0 : input.data[place * input.shape[2] + channel],
  );
  const inside = values.filter((_, at) => !isOutside(at));
  const largest = Math.max(...inside);
  return {
    patch,
    values,
    isOutside,
    winner: values.findIndex((value, at) => value === largest && !isOutside(at)),
    ties: inside.filter((value) => value === largest).length,
    count: inside.length,
    mean: add(inside) / inside.length,
    sum: add(inside),
  };
}

/**
 * Take a dense unit apart.
 *
 * @returns {{parts: {index: number, value: number, weight: number, product: number}[],
 *   bias: number | null, sum: number}} the largest products first
 */
export function explainDense(layer, input, unit) {
  const { kernel, bias } = layer.weights;
  const units = kernel.shape[1];
  const parts = Array.from(input.data, (value, index) => {
    const weight = kernel.data[index * units + unit];
    return { index, value, weight, product: value * weight };
  });
  parts.sort((a, b) => Math.abs(b.product) - Math.abs(a.product));
  return { parts, bias: bias?.data[unit] ?? null, sum: sumDense(input, layer)[unit] };
}

/** Return the steps of a batch normalisation of one number, with their factors. */
export function explainBatchNormalisation(layer, value, channel) {
  const { gamma, beta, moving_mean: mean, moving_variance: variance } = layer.weights;
  return explainNormalisation(value, {
    mean: mean.data[channel],
    variance: variance.data[channel],
    epsilon: layer.settings.epsilon,
    gamma: gamma?.data[channel],
    beta: beta?.data[channel],
  });
}

/** Return the steps of a layer normalisation of the number at `index`, with their factors. */
export function explainLayerNormalisation(layer, input, index) {
  const channels = input.shape.at(-1);
  const start = Math.floor(index / channels) * channels;
  const { gamma, beta } = layer.weights;
  return explainNormalisation(input.data[index], {
    ...measure(input.data.subarray(start, start + channels)),
    epsilon: layer.settings.epsilon,
    gamma: gamma?.data[index % channels],
    beta: beta?.data[index % channels],
  });
}

function explainNormalisation(value, { mean, variance, epsilon, gamma = 1, beta = 0 }) {
  const spread = Math.sqrt(variance + epsilon);
  const normal = (value - mean) / spread;
  return { value, mean, spread, normal, gamma, beta, result: normal * gamma + beta };
}

/** Return where a window stands and, of each of its cells, the place below it; -1 is outside. */
function readPatch(layer, row, column) {
  const windows = windowsOf(layer);
  const patch = findPatch(windows, row, column);
  const inside = clipPatch(windows, patch);
  const places = Array.from({ length: patch.rows * patch.columns }, (_, tap) => {
    const y = patch.top + Math.floor(tap / patch.columns);
    const x = patch.left + (tap % patch.columns);
    const isInside = y >= inside.top && y < inside.bottom && x >= inside.left && x < inside.right;
    return isInside ? y * windows.width + x : -1;
  });
  return { patch, places, isOutside: (tap) => places[tap] < 0 };
}

const add = (values) => values.reduce((sum, value) => sum + value, 0);
