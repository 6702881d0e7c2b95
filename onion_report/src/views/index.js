/** Which view shows which kind of layer. */

import { element } from "../dom.js";
import { look } from "../looks.js";
import { viewConvolution } from "./convolution.js";
import { viewDense } from "./dense.js";
import { viewDropout } from "./dropout.js";
import { viewFlatten } from "./flatten.js";
import { viewGeneral } from "./general.js";
import { viewGlobalPooling } from "./global_pooling.js";
import { viewInput } from "./input.js";
import { viewMerge } from "./merge.js";
import { viewPointwise } from "./pointwise.js";
import { viewPooling } from "./pooling.js";

const VIEWS = {
  input: viewInput,
  rescaling: viewPointwise,
  conv2d: viewConvolution,
  separable_conv2d: viewConvolution,
  max_pooling2d: viewPooling,
  average_pooling2d: viewPooling,
  global_average_pooling2d: viewGlobalPooling,
  global_max_pooling2d: viewGlobalPooling,
  flatten: viewFlatten,
  dense: viewDense,
  dropout: viewDropout,
  spatial_dropout2d: viewDropout,
  batch_normalization: viewPointwise,
  layer_normalization: viewPointwise,
  activation: viewPointwise,
  add: viewMerge,
  multiply: viewMerge,
  concatenate: viewMerge,
  depthwise_conv2d: viewConvolution,
  relu: viewPointwise,
  layer_scale: viewPointwise,
  operation_add: viewOperation,
  operation_multiply: viewOperation,
};

/** A sum or product in the code of a network: with a constant, or where branches meet. */
function viewOperation(context) {
  return context.looks.length > 1 ? viewMerge(context) : viewPointwise(context);
}

export const KIND_NAMES = {
  input: "Picture",
  rescaling: "Rescaling",
  conv2d: "Convolution",
  separable_conv2d: "Separable convolution",
  max_pooling2d: "Max pooling",
  average_pooling2d: "Average pooling",
  global_average_pooling2d: "Global average pooling",
  global_max_pooling2d: "Global max pooling",
  flatten: "Flatten",
  dense: "Dense",
  dropout: "Dropout",
  spatial_dropout2d: "Spatial dropout",
  batch_normalization: "Batch normalisation",
  layer_normalization: "Layer normalisation",
  activation: "Activation",
  add: "Sum of branches",
  multiply: "Product of branches",
  concatenate: "Branches side by side",
  depthwise_conv2d: "Depthwise convolution",
  relu: "ReLU",
  layer_scale: "Scale of each channel",
  operation_add: "Sum",
  operation_multiply: "Product",
  zero_padding2d: "Zeros around it",
  resizing: "Resizing",
  reshape: "Reshape",
};

/**
 * Return the pictures of one layer.
 *
 * @param {Network} network
 * @param {Object} layer
 * @param {number} picture
 * @param {Object} memory what the reader has chosen in this layer
 */
export function viewLayer(network, layer, picture, memory) {
  const after = look(network, picture, layer.name);
  if (!after)
    return [
      element("p", { class: "hint" }, "This report does not hold the numbers of this layer."),
    ];
  const looks = layer.inputs.map((name) => look(network, picture, name));
  const isWhole = [...looks, after].every((each) => each && !each.isSample);
  const isSkipping = Array.isArray(layer.settings.noise_shape);
  const view =
    layer.outputs || isSkipping || !isWhole ? viewGeneral : (VIEWS[layer.kind] ?? viewGeneral);
  return view({ network, layer, picture, memory, looks, after, ...nameThings(network, layer) });
}

function nameThings(network, layer) {
  const names = network.report.class_names;
  const nameClass = (at) => names[at] ?? String(at);
  const isLast =
    layer.outputShape.length === 1 &&
    layer.outputShape[0] === names.length &&
    isAnswer(network, layer);
  return { nameClass, nameUnit: (at) => (isLast ? nameClass(at) : `unit ${at}`) };
}

/** Whether a layer is the last one, or the dense layer before an activation of its own. */
function isAnswer(network, layer) {
  return (
    layer === network.last ||
    (network.last.kind === "activation" && network.last.inputs[0] === layer.name)
  );
}
