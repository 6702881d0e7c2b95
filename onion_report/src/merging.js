/** Layers at which several branches meet. */

import { countNumbers } from "./tensors.js";

/** Combine inputs number by number; a side of 1 stands for as many as the others have. */
export function mergeByNumber(inputs, layer, combine) {
  const shape = layer.outputShape;
  const [first, ...others] = inputs.map((input) => spread(input, shape));
  return Float32Array.from({ length: countNumbers(shape) }, (_, at) =>
    others.reduce((merged, read) => combine(merged, read(at)), first(at)),
  );
}

/** Put inputs side by side along the axis of the layer, of which the batch is number 0. */
export function concatenate(inputs, layer) {
  const axis = axisOf(layer);
  const inner = countNumbers(layer.outputShape.slice(axis + 1));
  const outer = countNumbers(layer.outputShape.slice(0, axis));
  const output = new Float32Array(countNumbers(layer.outputShape));
  let to = 0;
  for (let block = 0; block < outer; block++) {
    for (const { data, shape } of inputs) {
      const length = shape[axis] * inner;
      output.set(data.subarray(block * length, (block + 1) * length), to);
      to += length;
    }
  }
  return output;
}

/** Return the axis along which a layer concatenates, without the batch. */
export function axisOf(layer) {
  const axis = layer.settings.axis ?? -1;
  return axis < 0 ? layer.outputShape.length + axis : axis - 1;
}

/** Return a function from positions in `shape` to the numbers of `input` there. */
export function spread(input, shape) {
  if (input.data.length === countNumbers(shape)) return (at) => input.data[at];
  const sides = [...Array(shape.length - input.shape.length).fill(1), ...input.shape];
  return (at) => {
    let rest = at,
      step = 1,
      from = 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += (sides[axis] === 1 ? 0 : rest % shape[axis]) * step;
      rest = Math.floor(rest / shape[axis]);
      step *= sides[axis];
    }
    return input.data[from];
  };
}
