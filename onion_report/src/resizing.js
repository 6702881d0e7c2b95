/** Layers that change only how large a picture is. */

import { countNumbers } from "./tensors.js";

/** Put zeros around a picture. */
export function pad([input], layer) {
  const [[top], [left]] = layer.settings.padding;
  const [height, width, channels] = input.shape;
  const across = layer.outputShape[1];
  const output = new Float32Array(countNumbers(layer.outputShape));
  for (let row = 0; row < height; row++) {
    const from = row * width * channels;
    const to = ((row + top) * across + left) * channels;
    output.set(input.data.subarray(from, from + width * channels), to);
  }
  return output;
}

/** Make a picture larger or smaller: by the nearest pixel, or in between by straight lines. */
export function resize([input], layer) {
  const [height, width, channels] = input.shape;
  const [high, wide] = layer.outputShape;
  const isLinear = layer.settings.interpolation === "bilinear";
  const find = isLinear ? findBetween : findNearest;
  const rows = Array.from({ length: high }, (_, at) => find(at, high, height));
  const columns = Array.from({ length: wide }, (_, at) => find(at, wide, width));
  const output = new Float32Array(countNumbers(layer.outputShape));
  let to = 0;
  for (const [top, bottom, down] of rows) {
    for (const [left, right, along] of columns) {
      for (let channel = 0; channel < channels; channel++) {
        const read = (row, column) => input.data[(row * width + column) * channels + channel];
        const upper = read(top, left) * (1 - along) + read(top, right) * along;
        const lower = read(bottom, left) * (1 - along) + read(bottom, right) * along;
        output[to++] = upper * (1 - down) + lower * down;
      }
    }
  }
  return output;
}

/** Return the two places between which a new place is, and how far from the first. */
function findBetween(at, count, length) {
  const place = Math.max(0, ((at + 0.5) * length) / count - 0.5);
  const first = Math.min(Math.floor(place), length - 1);
  return [first, Math.min(first + 1, length - 1), place - first];
}

function findNearest(at, count, length) {
  const place = Math.min(length - 1, Math.floor(((at + 0.5) * length) / count));
  return [place, place, 0];
}
