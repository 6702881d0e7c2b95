/** The windows of the first convolution, epoch by epoch. */

import { createLegend } from "../cells.js";
import { scaleColours } from "../colours.js";
import { element } from "../dom.js";
import { countThings, formatShare } from "../numbers.js";
import { paintColourWeights, paintMap } from "../raster.js";
import { say } from "../views/scanner.js";
import { createStepper } from "./stepper.js";

/** Show the windows after one epoch; a slider leads through all of them. */
export function createKernels({ report, tensors }, memory) {
  const { layer, epochs, frames, is_random: isRandom = true } = report.learning.kernels;
  const kernels = frames.map((at) => tensors[at]);
  const count = kernels[0].shape[3];
  const scale = scaleColours(kernels.flatMap(({ data }) => spanOf(data)));
  const isColour = kernels[0].shape[2] === 3;
  const paint = isColour ? paintInColour : paintMean;
  const canvases = Array.from({ length: count }, () => element("canvas"));
  const words = say("");
  const name = `${countThings(count, "window")} of ${layer}`;
  const grid = element("div", { class: "kernels", role: "img", "aria-label": name }, canvases);
  memory.frame ??= frames.length - 1;
  const stepper =
    frames.length > 1 ? createStepper(epochs.map(sayEpoch), show, "Epoch of the windows") : null;

  function show(at) {
    memory.frame = at;
    canvases.forEach((canvas, filter) => paint(canvas, kernels[at], filter, scale));
    grid.dataset.epoch = epochs[at];
    words.textContent = `${sayEpoch(epochs[at])}${sayChange(kernels, epochs, at, isRandom)}`;
    stepper?.mark(at);
  }
  show(memory.frame);
  return element(
    "div",
    { class: "kernel-block" },
    element(
      "p",
      { class: "hint" },
      `${name}, ${isColour ? "as the colours that they look for; grey is zero" : "all in one scale"}.`,
    ),
    grid,
    isColour ? null : createLegend(scale),
    stepper?.node ?? null,
    words,
  );
}

const sayEpoch = (epoch) => (epoch === 0 ? "Before any training" : `After epoch ${epoch}`);

/** Say how far the windows have come, by the root of the mean square. */
function sayChange(kernels, epochs, at, isRandom) {
  const origin = isRandom ? ": drawn at random." : ": as others had trained them.";
  if (at === 0) return epochs[0] === 0 ? origin : ".";
  const size = (values) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  const first = kernels[0].data;
  const moved = size(kernels[at].data.map((value, each) => value - first[each]));
  if (moved === 0) return ": not changed, this layer was not trained.";
  return `: changed by ${formatShare(moved / (size(first) || 1))} of their size at the start.`;
}

const spanOf = (data) => [
  data.reduce((least, value) => Math.min(least, value), Infinity),
  data.reduce((most, value) => Math.max(most, value), -Infinity),
];

function paintInColour(canvas, { data, shape }, filter, scale) {
  const [height, width, , count] = shape;
  const window = Float32Array.from(
    { length: height * width * 3 },
    (_, at) => data[at * count + filter],
  );
  paintColourWeights(canvas, { data: window, height, width }, Math.max(-scale.low, scale.high));
}

/** Paint the mean of the channels, of which there mostly is one. */
function paintMean(canvas, { data, shape }, filter, scale) {
  const [height, width, channels, count] = shape;
  const window = new Float32Array(height * width);
  for (let at = 0; at < height * width * channels; at++)
    window[Math.floor(at / channels)] += data[at * count + filter] / channels;
  paintMap(canvas, { data: window, height, width, channels: 1 }, 0, scale);
}
