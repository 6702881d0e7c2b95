/** How what leaves a layer is looked at: as a picture, as maps, or as a row of numbers. */

import { scaleColours } from "./colours.js";
import { layOut, paintMap, paintPicture } from "./raster.js";

/**
 * Look at what leaves a layer, or at a sample of it; null where neither is known.
 *
 * @returns {{name, tensor, maps, scale, isPicture, isRow, isSample, ranking: number[],
 *   nameChannel: function(number): number, paint: function(HTMLCanvasElement, number)}}
 */
export function look(network, picture, name) {
  const layer = network.byName.get(name);
  const tensor = network.output(picture, name);
  if (!tensor) return lookAtSample(network, picture, name);
  const range = network.pictureRange(name);
  return lookAt(tensor, { name, range, columns: layer.kind === "flatten" ? lineOf(layer) : null });
}

/** Look at some maps of a layer as the network computed them, reduced and rounded. */
export function lookAtSample(network, picture, name) {
  const sample = network.sample(picture, name);
  if (!sample) return null;
  const { channels, isReduced } = sample;
  return Object.assign(lookAt(sample, { name }), {
    isSample: true,
    isReduced,
    activity: network.activity(picture, name),
    nameChannel: (channel) => channels[channel],
  });
}

/** Look at a tensor that is not, or not only, what leaves a layer. */
export function lookAt(tensor, { name = "", range = null, columns = null, scale = null } = {}) {
  const maps = layOut(tensor, columns);
  const colours = scale ?? scaleColours(tensor.data, range);
  return {
    name,
    tensor,
    maps,
    scale: colours,
    isPicture: range !== null,
    isRow: tensor.shape.length === 1,
    isSample: false,
    nameChannel: (channel) => channel,
    get ranking() {
      return rankChannels(maps);
    },
    paint(canvas, channel) {
      if (range) paintPicture(canvas, maps, range);
      else paintMap(canvas, maps, channel, colours);
    },
  };
}

/** Return the mean size of the numbers of each channel. */
export function measureChannels({ data, channels }) {
  const sums = new Float64Array(channels);
  for (let at = 0; at < data.length; at++) sums[at % channels] += Math.abs(data[at]);
  return sums.map((sum) => (sum * channels) / data.length);
}

function rankChannels(maps) {
  const activity = measureChannels(maps);
  return [...activity.keys()].sort((a, b) => activity[b] - activity[a]);
}

/** Return a length of line at which a flattened picture shows its pixels: all channels of some. */
function lineOf({ inputShapes: [shape], outputShape: [length] }) {
  const channels = shape.at(-1);
  return channels * Math.max(1, Math.round(Math.sqrt(length) / channels));
}
