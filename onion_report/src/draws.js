/** What dropout would have done in training: seeded draws of what is set to zero. */

/**
 * Drop a share of the numbers, or of the channels, as Keras does in training.
 *
 * @param {{data: Float32Array, shape: number[]}} tensor
 * @param {Object} layer dropout or spatial_dropout2d
 * @param {number} seed of the draw; the same seed drops the same numbers
 * @returns {{data: Float32Array, shape: number[], dropped: Uint8Array}}
 */
export function dropNumbers({ data, shape }, layer, seed) {
  const { rate } = layer.settings;
  const random = createRandom(seed);
  const channels = shape.at(-1);
  const isWhole = layer.kind === "spatial_dropout2d";
  const drawn = Uint8Array.from(
    { length: isWhole ? channels : data.length },
    () => random() < rate,
  );
  const dropped = isWhole ? Uint8Array.from(data, (_, at) => drawn[at % channels]) : drawn;
  const factor = 1 / (1 - rate);
  return { data: data.map((value, at) => (dropped[at] ? 0 : value * factor)), shape, dropped };
}

/** Return a generator of numbers in [0, 1). Source: mulberry32, Tommy Ettinger, public domain. */
function createRandom(seed) {
  let state = Math.imul(seed + 1, 0x9e3779b9);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
