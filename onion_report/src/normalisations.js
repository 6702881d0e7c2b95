/** Layers that bring numbers to a like size. */

export function normaliseByBatch([input], layer) {
  const { gamma, beta, moving_mean: mean, moving_variance: variance } = layer.weights;
  const channels = input.shape.at(-1);
  const factor = Float64Array.from(
    { length: channels },
    (_, at) => (gamma?.data[at] ?? 1) / Math.sqrt(variance.data[at] + layer.settings.epsilon),
  );
  return Float32Array.from(input.data, (value, index) => {
    const at = index % channels;
    return (value - mean.data[at]) * factor[at] + (beta?.data[at] ?? 0);
  });
}

export function normaliseByLayer([input], layer) {
  const { gamma, beta } = layer.weights;
  const channels = input.shape.at(-1);
  const output = new Float32Array(input.data.length);
  for (let start = 0; start < output.length; start += channels) {
    const { mean, variance } = measure(input.data.subarray(start, start + channels));
    const factor = 1 / Math.sqrt(variance + layer.settings.epsilon);
    for (let at = 0; at < channels; at++) {
      const value = (input.data[start + at] - mean) * factor;
      output[start + at] = value * (gamma?.data[at] ?? 1) + (beta?.data[at] ?? 0);
    }
  }
  return output;
}

/** Return mean and variance (divided by the count) of `values`. */
export function measure(values) {
  let sum = 0;
  for (const value of values) sum += value;
  const mean = sum / values.length;
  let squares = 0;
  for (const value of values) squares += (value - mean) ** 2;
  return { mean, variance: squares / values.length };
}

export function rescale([input], layer) {
  const channels = input.shape.at(-1);
  const pick = (value, at) => (Array.isArray(value) ? value[at % channels] : value);
  const { scale, offset } = layer.settings;
  return Float32Array.from(input.data, (value, at) => value * pick(scale, at) + pick(offset, at));
}

/** Multiply each channel by a learned number of its own. */
export function scaleChannels([input], layer) {
  const { data } = Object.values(layer.weights)[0];
  return Float32Array.from(input.data, (value, index) => value * data[index % data.length]);
}
