/** From which places of the picture a unit or class gets what speaks for it. */

import { element } from "../dom.js";
import { createField, frame } from "../field.js";
import { look, lookAt } from "../looks.js";
import { formatNumber } from "../numbers.js";

/** Show from which places of the picture the products come, if the numbers have such places. */
export function mapEvidence({ network, layer, picture }, { parts }) {
  const source = network.findSpatialSource(layer.inputs[0]);
  if (!source || !network.output(picture, source.inputs[0])) return null;
  const [height, width, channels] = source.inputShapes[0];
  const data =
    source.kind === "flatten"
      ? addByPlace(parts, channels, height * width)
      : spreadMeans(parts, network.output(picture, source.inputs[0]).data, channels);
  const evidence = lookAt({ data, shape: [height, width, 1] });
  const input = look(network, picture, network.layers[0].name);
  const total = data.reduce((sum, value) => sum + value, 0);
  const place = (row, column) => formatNumber(data[row * width + column]);
  const field = createField({
    ...evidence.maps,
    size: 150,
    label: "Sums of the products by place",
    caption: `products added up by place, ${formatNumber(total)} in all`,
    paint: (canvas) => evidence.paint(canvas, 0),
    onMove(row, column) {
      field.mark(frame(row, column));
      field.repaint(() => {}, `row ${row}, column ${column}: ${place(row, column)}`);
    },
  });
  const beside = createField({
    ...input.maps,
    size: 150,
    label: "The picture",
    caption: "the picture",
    paint: (canvas) => input.paint(canvas, 0),
  });
  return element("div", { class: "fields is-plain evidence" }, field.node, beside.node);
}

function addByPlace(parts, channels, places) {
  const sums = new Float32Array(places);
  for (const { index, product } of parts) sums[Math.floor(index / channels)] += product;
  return sums;
}

/** A mean is a sum over places, and so is its product: class activation mapping. */
function spreadMeans(parts, data, channels) {
  const places = data.length / channels;
  const sums = new Float32Array(places);
  for (const { index, weight } of parts) {
    for (let place = 0; place < places; place++)
      sums[place] += (data[place * channels + index] * weight) / places;
  }
  return sums;
}
