/** The activations that a layer can have, with Keras' own constants. */

const SELU_SCALE = 1.0507009873554805;
const SELU_ALPHA = 1.6732632423543772;
const LEAK = 0.2;

const clip = (x) => Math.min(Math.max(x, 0), 1);

/** Functions of one number; softmax, which needs all, is not among them. */
export const ACTIVATIONS = {
  linear: (x) => x,
  relu: (x) => Math.max(x, 0),
  leaky_relu: (x) => (x > 0 ? x : LEAK * x),
  elu: (x) => (x > 0 ? x : Math.expm1(x)),
  selu: (x) => SELU_SCALE * (x > 0 ? x : SELU_ALPHA * Math.expm1(x)),
  gelu: (x) => 0.5 * x * (1 + errorFunction(x / Math.SQRT2)),
  silu: (x) => x / (1 + Math.exp(-x)),
  tanh: Math.tanh,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  relu6: (x) => Math.min(Math.max(x, 0), 6),
  hard_sigmoid: (x) => clip(x / 6 + 0.5),
  hard_silu: (x) => x * clip(x / 6 + 0.5),
};

export const ACTIVATION_NAMES = {
  linear: "Linear",
  relu: "ReLU",
  leaky_relu: "Leaky ReLU",
  elu: "ELU",
  selu: "SELU",
  gelu: "GELU",
  silu: "SiLU",
  tanh: "tanh",
  sigmoid: "Sigmoid",
  relu6: "ReLU6",
  hard_sigmoid: "Hard sigmoid",
  hard_silu: "Hard SiLU",
  softmax: "Softmax",
};

/** Return the function of a ReLU layer: cut off below its threshold, and perhaps above. */
export function shapeRelu({ max_value: most, negative_slope: slope, threshold }) {
  return (x) =>
    x < threshold ? slope * (x - threshold) : most === null ? x : Math.min(x, most);
}

/** Whether the page knows an activation. */
export const isActivation = (name) => name === "softmax" || name in ACTIVATIONS;

/** Apply an activation to `values` in place; `channels` numbers at a time are one softmax. */
export function activate(values, name, channels) {
  if (name === "linear") return values;
  if (name === "softmax") return applySoftmax(values, channels);
  const apply = ACTIVATIONS[name];
  for (let at = 0; at < values.length; at++) values[at] = apply(values[at]);
  return values;
}

function applySoftmax(values, channels) {
  for (let start = 0; start < values.length; start += channels) {
    const group = values.subarray(start, start + channels);
    const largest = group.reduce((most, value) => Math.max(most, value), -Infinity);
    let sum = 0;
    for (let at = 0; at < channels; at++) sum += group[at] = Math.exp(group[at] - largest);
    for (let at = 0; at < channels; at++) group[at] /= sum;
  }
  return values;
}

/**
 * The error function, to within 1.2e-7.
 * Source: Numerical Recipes in C, 2nd edition, section 6.2 (erfcc).
 */
function errorFunction(x) {
  const t = 1 / (1 + 0.5 * Math.abs(x));
  const terms = [
    -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398,
    1.48851587, -0.82215223, 0.17087277,
  ];
  const sum = terms.reduceRight((rest, term) => term + t * rest, 0);
  const complement = t * Math.exp(-x * x + sum);
  return x >= 0 ? 1 - complement : complement - 1;
}
