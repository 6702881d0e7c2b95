/** The network as it is peeled: layers, and a pretrained network that opens into its blocks. */

/**
 * List what lies one below the other: layers, and instead of those of a pretrained network itself.
 *
 * @param {Network} network
 * @returns {Object[]} each with `type`, `name`, `first` and `last` layer; `children` of what opens
 */
export function outlineNetwork(network) {
  const { layers, backbone } = network;
  if (!backbone) return layers.map(outlineLayer);
  const inside = new Set(backbone.blocks.flatMap((block) => block.layers));
  const group = {
    type: "backbone",
    name: backbone.name ?? "backbone",
    title: "Pretrained network",
    group: backbone,
    first: backbone.first,
    last: backbone.last,
    children: backbone.blocks.map(outlineBlock),
  };
  return layers.flatMap((layer) =>
    layer === backbone.first ? [group] : inside.has(layer) ? [] : [outlineLayer(layer)],
  );
}

const outlineBlock = (block) => ({
  type: "block",
  name: `${block.layers.length} layers`,
  title: block.title,
  group: block,
  first: block.first,
  last: block.last,
  children: block.layers.map(outlineLayer),
});

const outlineLayer = (layer) => ({
  type: "layer",
  name: layer.name,
  layer,
  first: layer,
  last: layer,
  children: [],
});
