/** The windows of the first convolution, epoch by epoch. */

import { scaleColours } from "../colours.js";
import { element } from "../dom.js";
import { paintColourWeights, paintMap } from "../raster.js";
import { countThings, formatShare } from "../numbers.js";

/** Show the windows after one epoch; a slider leads through all of them. */
export function createKernels({ report, tensors }, memory) {
  const { layer, epochs, frames } = report.learning.kernels;
  const kernels = frames.map((at) => tensors[at]);
  const [, , , count] = kernels[0].shape;
  const paint = choosePainter(kernels);
  memory.frame ??= frames.length - 1;
  const canvases = Array.from({ length: count }, () =>
    element("canvas", { "aria-hidden": "true" }),
  );
  const words = element("p", { class: "where", role: "status" });
  const grid = element(
    "div",
    { class: "kernels", role: "img", "aria-label": `${countThings(count, "window")} of ${layer}` },
    canvases,
  );
  const control = frames.length > 1 ? createStepper(epochs, memory, show) : null;

  function show(at) {
    memory.frame = at;
    canvases.forEach((canvas, filter) => paint(canvas, kernels[at], filter));
    grid.dataset.epoch = epochs[at];
    words.textContent = `${sayEpoch(epochs[at])}${sayChange(kernels, at)}`;
    control?.mark(at);
  }
  show(memory.frame);
  return element(
    "div",
    {},
    element(
      "p",
      { class: "hint" },
      `${countThings(count, "window")} of ${layer}, all in one scale.`,
    ),
    grid,
    control?.node ?? null,
    words,
  );
}

const sayEpoch = (epoch) => (epoch === 0 ? "Before any training" : `After epoch ${epoch}`);

function sayChange(kernels, at) {
  if (at === 0) return kernels.length > 1 ? ": drawn at random." : ".";
  const size = (values) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
  const first = kernels[0].data;
  const moved = size(kernels[at].data.map((value, each) => value - first[each])) / size(first);
  return `: moved by ${formatShare(moved)} of their size at the start.`;
}

function choosePainter(kernels) {
  const [height, width, channels, count] = kernels[0].shape;
  const pick = ({ data }, filter, channel) =>
    Float32Array.from(
      { length: height * width },
      (_, tap) => data[(tap * channels + channel) * count + filter],
    );
  const all = kernels.flatMap(({ data }) => [
    data.reduce((a, b) => Math.min(a, b)),
    data.reduce((a, b) => Math.max(a, b)),
  ]);
  const scale = scaleColours(all);
  if (channels === 3)
    return (canvas, { data }, filter) =>
      paintColourWeights(
        canvas,
        {
          data: Float32Array.from(
            { length: height * width * 3 },
            (_, at) => data[at * count + filter],
          ),
          height,
          width,
        },
        Math.max(-scale.low, scale.high),
      );
  return (canvas, kernel, filter) =>
    paintMap(canvas, { data: pick(kernel, filter, 0), height, width, channels: 1 }, 0, scale);
}

/** A slider with a button to each side. */
function createStepper(epochs, memory, show) {
  const last = epochs.length - 1;
  const slider = element("input", {
    type: "range",
    min: 0,
    max: last,
    value: memory.frame,
    "aria-label": "Epoch of the windows",
    input: () => show(Number(slider.value)),
  });
  const step = (by, text, label) =>
    element(
      "button",
      {
        type: "button",
        class: "choice",
        "aria-label": label,
        click: () => show(Math.max(0, Math.min(last, memory.frame + by))),
      },
      text,
    );
  return {
    node: element(
      "div",
      { class: "stepper" },
      step(-1, "←", "Earlier"),
      slider,
      step(1, "→", "Later"),
    ),
    mark(at) {
      slider.value = at;
      slider.setAttribute("aria-valuetext", sayEpoch(epochs[at]));
    },
  };
}
