/**
 * What each kind of layer computes: pure functions of what arrives and of the layer.
 *
 * A tensor is `{data, shape}` without the batch, the last axis running fastest, as in Keras.
 * Sums are kept in double precision and rounded once, to the single precision that leaves.
 */

import { activate, shapeRelu } from "./activations.js";
import { mergeByNumber, concatenate } from "./merging.js";
import { countNumbers } from "./tensors.js";
import { normaliseByBatch, normaliseByLayer, rescale, scaleChannels } from "./normalisations.js";
import { pad, resize } from "./resizing.js";
import { eachTap, placeWindows } from "./windows.js";

const KERNEL = {
  conv2d: "kernel",
  depthwise_conv2d: "kernel",
  separable_conv2d: "depthwise_kernel",
};

/** Return how the window of a convolution or pooling stands on what arrives. */
export function windowsOf(layer) {
  const { kernel_size: kernel, pool_size: pool, strides, padding } = layer.settings;
  const size = kernel ?? pool;
  return placeWindows(layer.inputShapes[0], size, strides ?? size, padding);
}

function convolve([input], layer) {
  return activate(Float32Array.from(sumConvolution(input, layer)), ...activationOf(layer));
}

/** Return the sums of a convolution with their bias, before the activation, float64. */
function sumConvolution(input, layer) {
  const { kernel, bias } = layer.weights;
  const windows = windowsOf(layer);
  const [, , seen, filters] = kernel.shape; // channels that a filter sees: those of its group
  const channels = input.shape.at(-1);
  const inGroup = (filters * seen) / channels;
  const sums = startFromBias(layer, bias, filters);
  eachTap(windows, (position, place, tap) => {
    for (let channel = 0; channel < channels; channel++) {
      const value = input.data[place * channels + channel];
      if (value === 0) continue;
      const first = Math.floor(channel / seen) * inGroup;
      const from = (tap * seen + (channel % seen)) * filters;
      const to = position * filters;
      for (let at = first; at < first + inGroup; at++)
        sums[to + at] += value * kernel.data[from + at];
    }
  });
  return sums;
}

function convolveDepthwise([input], layer) {
  const sums = startFromBias(layer, layer.weights.bias, layer.outputShape[2]);
  addScanned(input, layer, layer.weights.kernel, sums);
  return activate(Float32Array.from(sums), ...activationOf(layer));
}

/** Add to `sums` what the windows of a kernel see of each channel on its own. */
function addScanned(input, layer, { data, shape }, sums) {
  const [, , channels, multiplier] = shape;
  const depth = channels * multiplier;
  eachTap(windowsOf(layer), (position, place, tap) => {
    const to = position * depth;
    const from = place * channels;
    if (multiplier === 1)
      for (let at = 0; at < depth; at++)
        sums[to + at] += input.data[from + at] * data[tap * depth + at];
    else
      for (let at = 0; at < depth; at++)
        sums[to + at] += input.data[from + Math.floor(at / multiplier)] * data[tap * depth + at];
  });
}

function convolveSeparably([input], layer) {
  const { depthwise_kernel: windows, pointwise_kernel: mixing, bias } = layer.weights;
  const [, , channels, multiplier] = windows.shape;
  const depth = channels * multiplier;
  const places = layer.outputShape[0] * layer.outputShape[1];
  const scanned = new Float64Array(places * depth);
  addScanned(input, layer, windows, scanned);
  const filters = layer.outputShape[2];
  const sums = startFromBias(layer, bias, filters);
  for (let position = 0; position < places; position++) {
    const row = scanned.subarray(position * depth, (position + 1) * depth);
    addWeighted(row, mixing.data, sums.subarray(position * filters, (position + 1) * filters));
  }
  return activate(Float32Array.from(sums), ...activationOf(layer));
}

function poolMaximum([input], layer) {
  const output = new Float32Array(countNumbers(layer.outputShape)).fill(-Infinity);
  const channels = input.shape[2];
  eachTap(windowsOf(layer), (position, place) => {
    for (let channel = 0; channel < channels; channel++) {
      const to = position * channels + channel;
      output[to] = Math.max(output[to], input.data[place * channels + channel]);
    }
  });
  return output;
}

/** Means of windows; what lies outside the picture counts for nothing, as in TensorFlow. */
function poolMean([input], layer) {
  const channels = input.shape[2];
  const sums = new Float64Array(countNumbers(layer.outputShape));
  const counts = new Uint32Array(sums.length / channels);
  eachTap(windowsOf(layer), (position, place) => {
    counts[position]++;
    for (let channel = 0; channel < channels; channel++) {
      sums[position * channels + channel] += input.data[place * channels + channel];
    }
  });
  return Float32Array.from(sums, (sum, at) => sum / counts[Math.floor(at / channels)]);
}

function poolGlobally([input], combine, start) {
  const channels = input.shape.at(-1);
  const kept = new Float64Array(channels).fill(start);
  input.data.forEach((value, at) => (kept[at % channels] = combine(kept[at % channels], value)));
  return kept;
}

function poolGlobalMean(inputs) {
  const places = inputs[0].data.length / inputs[0].shape.at(-1);
  return Float32Array.from(
    poolGlobally(inputs, (sum, x) => sum + x, 0),
    (sum) => sum / places,
  );
}

const poolGlobalMaximum = (inputs) => Float32Array.from(poolGlobally(inputs, Math.max, -Infinity));

function weigh([input], layer) {
  return activate(Float32Array.from(sumDense(input, layer)), ...activationOf(layer));
}

/** Return the sums of a dense layer with their bias, before the activation, float64. */
export function sumDense(input, layer) {
  const { kernel, bias } = layer.weights;
  const [arriving, units] = kernel.shape;
  const sums = startFromBias(layer, bias, units);
  for (let start = 0, to = 0; start < input.data.length; start += arriving, to += units) {
    const row = input.data.subarray(start, start + arriving);
    addWeighted(row, kernel.data, sums.subarray(to, to + units));
  }
  return sums;
}

const keep = ([input]) => input.data;

/** A sum or product of two tensors, or of one and a constant. */
function combine(inputs, layer, join) {
  const { constant } = layer.settings;
  if (constant === undefined) return mergeByNumber(inputs, layer, join);
  return Float32Array.from(inputs[0].data, (value) => join(value, constant));
}

const plus = (a, b) => a + b;
const times = (a, b) => a * b;

const COMPUTE = {
  conv2d: convolve,
  separable_conv2d: convolveSeparably,
  max_pooling2d: poolMaximum,
  average_pooling2d: poolMean,
  global_average_pooling2d: poolGlobalMean,
  global_max_pooling2d: poolGlobalMaximum,
  flatten: keep,
  dense: weigh,
  dropout: keep,
  spatial_dropout2d: keep,
  batch_normalization: normaliseByBatch,
  layer_normalization: normaliseByLayer,
  activation: ([input], layer) => activate(Float32Array.from(input.data), ...activationOf(layer)),
  rescaling: rescale,
  add: (inputs, layer) => mergeByNumber(inputs, layer, plus),
  multiply: (inputs, layer) => mergeByNumber(inputs, layer, times),
  operation_add: (inputs, layer) => combine(inputs, layer, plus),
  operation_multiply: (inputs, layer) => combine(inputs, layer, times),
  depthwise_conv2d: convolveDepthwise,
  relu: ([input], layer) => Float32Array.from(input.data, shapeRelu(layer.settings)),
  zero_padding2d: pad,
  resizing: resize,
  reshape: keep,
  layer_scale: scaleChannels,
  concatenate,
};

/** Whether the page can compute layers of this kind. */
export const isComputable = (kind) => kind in COMPUTE;

/** Return what leaves `layer`, float32, when `inputs` arrive. */
export const computeLayer = (inputs, layer) => COMPUTE[layer.kind](inputs, layer);

/** Return the weights of one window: `[row, column, channel]` of its kernel's height and width. */
export const kernelOf = (layer) => layer.weights[KERNEL[layer.kind]];

function activationOf(layer) {
  return [layer.settings.activation ?? "linear", layer.outputShape.at(-1)];
}

function startFromBias(layer, bias, filters) {
  const sums = new Float64Array(countNumbers(layer.outputShape));
  if (bias) for (let at = 0; at < sums.length; at++) sums[at] = bias.data[at % filters];
  return sums;
}

function addWeighted(values, weights, sums) {
  values.forEach((value, row) => {
    if (value === 0) return;
    const from = row * sums.length;
    for (let at = 0; at < sums.length; at++) sums[at] += value * weights[from + at];
  });
}
