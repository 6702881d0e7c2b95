/** The network of the report: its layers as a graph, and what leaves each for each picture. */

import { isActivation } from "./activations.js";
import { computeLayer, isComputable } from "./engine.js";
import { countNumbers } from "./tensors.js";

// Of pictures, whose numbers are kept: flipping back and forth computes nothing again.
const KEPT = 2;

/** Layers that let every number pass, once the network has learned. */
const DROPPING = new Set(["dropout", "spatial_dropout2d"]);
/** Layers whose numbers stand where those stood that they are made of. */
const PASSING = new Set([
  ...DROPPING,
  "activation",
  "batch_normalization",
  "layer_normalization",
  "rescaling",
  "relu",
  "reshape",
]);

export class Network {
  constructor(report, tensors) {
    this.report = report;
    this.tensors = tensors;
    this.layers = report.layers.map((each) => readLayer(each, tensors));
    this.byName = new Map(this.layers.map((layer) => [layer.name, layer]));
    this.kept = new Map();
    this.backbone = report.backbone ? readBackbone(report.backbone, this.byName) : null;
  }

  get last() {
    return this.layers.at(-1);
  }

  /**
   * Return what leaves a layer for a picture; computed once.
   *
   * @returns {{data: Float32Array, shape: number[]} | null} null where neither the page can
   *   compute it nor the report holds it
   */
  output(picture, name) {
    const kept = this.#keep(picture);
    if (!kept.has(name)) kept.set(name, this.#compute(picture, this.byName.get(name)));
    return kept.get(name);
  }

  /** Return the names of layers that must be computed before `name` can be, in their order. */
  listMissing(picture, name) {
    const kept = this.#keep(picture);
    const needed = new Set([name]);
    for (const each of this.layers.toReversed()) {
      if (!needed.has(each.name) || kept.has(each.name) || !isComputed(each)) continue;
      for (const input of each.inputs) needed.add(input);
    }
    return this.layers.filter((each) => needed.has(each.name) && !kept.has(each.name)).map(
      (each) => each.name,
    );
  }

  /**
   * Return some maps of what leaves a layer, reduced and rounded, where the report holds them.
   *
   * @returns {{data: Float32Array, shape: number[], channels: number[]} | null}
   */
  sample(picture, name) {
    const { sample, outputShape } = this.byName.get(name);
    if (!sample) return null;
    const { data, shape } = this.tensors[sample.maps];
    const [, ...sides] = shape;
    const size = countNumbers(sides);
    const [low, high] = sample.ranges[picture];
    const numbers = Float32Array.from(
      data.subarray(picture * size, (picture + 1) * size),
      (level) => low + (level / 255) * (high - low),
    );
    const isRow = sides[0] * sides[1] === 1;
    return {
      data: numbers,
      shape: isRow ? sides.slice(2) : sides,
      channels: sample.channels[picture],
      isReduced: !isRow && (sides[0] < outputShape[0] || sides[1] < outputShape[1]),
    };
  }

  /** Return how active each channel of a layer is, as shares of 255; null where nobody says. */
  activity(picture, name) {
    const { sample } = this.byName.get(name);
    if (!sample) return null;
    const { data, shape } = this.tensors[sample.activity];
    return data.subarray(picture * shape[1], (picture + 1) * shape[1]);
  }

  /** Return what arrives at a layer, one tensor per branch. */
  inputs(picture, layer) {
    return layer.inputs.map((name) => this.output(picture, name));
  }

  /** Return what would leave the last layer if `changed` left `layer`; null if not computable. */
  follow(picture, layer, changed) {
    const outputs = new Map([[layer.name, changed]]);
    for (const each of this.layers) {
      if (each === layer || !each.inputs.some((name) => outputs.has(name))) continue;
      if (each.outputs || !isKnown(each)) return null;
      const inputs = each.inputs.map((name) => outputs.get(name) ?? this.output(picture, name));
      outputs.set(each.name, { data: computeLayer(inputs, each), shape: each.outputShape });
    }
    return outputs.get(this.last.name);
  }

  /** Return what 0 and 255 became where a layer's output still is the picture; null elsewhere. */
  pictureRange(name) {
    const { kind, outputShape, inputs, settings } = this.byName.get(name);
    if (kind === "input") return [1, 3].includes(outputShape[2]) ? [0, 255] : null;
    if (kind !== "rescaling" || typeof settings.scale !== "number") return null;
    return this.pictureRange(inputs[0])?.map((end) => end * settings.scale + settings.offset);
  }

  /** Return the layer at which number `index` of what leaves `name` was made, and where there. */
  trace(name, index) {
    const layer = this.byName.get(name);
    if (PASSING.has(layer.kind)) return this.trace(layer.inputs[0], index);
    if (layer.kind === "concatenate" && layer.outputShape.length === 1) {
      const at = layer.inputShapes.findIndex(([length]) => index < length || !(index -= length));
      return this.trace(layer.inputs[at], index);
    }
    if (layer.kind !== "flatten" || layer.inputShapes[0].length !== 3) return { layer, index };
    const [, width, channels] = layer.inputShapes[0];
    return {
      layer: this.byName.get(layer.inputs[0]),
      index,
      channel: index % channels,
      column: Math.floor(index / channels) % width,
      row: Math.floor(index / channels / width),
    };
  }

  /** Return the layer whose numbers arrive from `name`, of a picture's places or means of them. */
  findSpatialSource(name) {
    return (
      this.#findSource(name, "flatten", PASSING) ??
      this.#findSource(name, "global_average_pooling2d", DROPPING)
    );
  }

  #findSource(name, kind, passing) {
    const layer = this.byName.get(name);
    if (layer.kind === kind) return layer.inputShapes[0].length === 3 ? layer : null;
    return passing.has(layer.kind) ? this.#findSource(layer.inputs[0], kind, passing) : null;
  }

  #keep(picture) {
    const kept = this.kept.get(picture) ?? new Map();
    this.kept.delete(picture);
    this.kept.set(picture, kept);
    if (this.kept.size > KEPT) this.kept.delete(this.kept.keys().next().value);
    return kept;
  }

  #compute(picture, layer) {
    const shape = layer.outputShape;
    if (layer.outputs) return { data: this.tensors[layer.outputs[picture]].data, shape };
    if (layer.kind === "input") return { data: this.#readPixels(picture), shape };
    if (!isComputed(layer)) return null;
    const inputs = this.inputs(picture, layer);
    if (inputs.includes(null) || !isKnown(layer)) return null;
    return { data: computeLayer(inputs, layer), shape };
  }

  #readPixels(picture) {
    return Float32Array.from(this.tensors[this.report.pictures[picture].pixels].data);
  }
}

/** Whether the report holds all that the page needs to compute a layer. */
const isComputed = (layer) => !layer.outputs && layer.is_computed !== false;

/** See a pretrained network as its blocks, and each block as its layers. */
function readBackbone(described, byName) {
  const blocks = described.blocks.map((block) => readGroup(block, byName));
  return {
    ...described,
    blocks,
    first: blocks[0].first,
    last: blocks.at(-1).last,
    ...addUp(blocks.flatMap(({ layers }) => layers)),
  };
}

function readGroup(block, byName) {
  const layers = block.layers.map((name) => byName.get(name));
  return { ...block, layers, first: layers[0], last: layers.at(-1), ...addUp(layers) };
}

function addUp(layers) {
  const sum = (name) =>
    layers.reduce((total, each) => (each[name] === null ? NaN : total + each[name]), 0);
  const work = sum("multiplyAdds");
  return {
    parameters: sum("parameters"),
    trainable: sum("trainable"),
    multiplyAdds: Number.isNaN(work) ? null : work,
  };
}

function isKnown(layer) {
  return isComputable(layer.kind) && isActivation(layer.settings.activation ?? "linear");
}

function readLayer(described, tensors) {
  const weights = Object.entries(described.weights).map(([name, at]) => [name, tensors[at]]);
  return {
    ...described,
    inputShapes: described.input_shapes,
    outputShape: described.output_shape,
    multiplyAdds: described.multiply_adds,
    trainable: described.trainable_parameters ?? described.parameters,
    weights: Object.fromEntries(weights),
  };
}
