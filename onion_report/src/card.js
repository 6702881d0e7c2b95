/** A card of the ladder: a head that can always be seen, and a body that opens. */

import { element } from "./dom.js";
import { lookAtSample } from "./looks.js";
import { countThings, formatCount, formatShape } from "./numbers.js";
import { viewGeneral } from "./views/general.js";
import { KIND_NAMES, viewLayer } from "./views/index.js";

let count = 0;

/**
 * Make a card, closed.
 *
 * @param {Object} item of the outline
 * @param {number} level how deep it is nested
 * @param {{network, readPicture, nest, onChange}} context
 * @returns {{item, node, button, follow: function(Object), toggle: function(boolean),
 *   listChildren: function(): Object[] | null, redraw: function()}} `follow` says that the picture
 *   has passed, with a look at what left
 */
export function createCard(item, level, context) {
  const id = `layer-${count++}`;
  const glimpse = element("canvas", {
    class: "glimpse",
    width: 1,
    height: 1,
    "aria-hidden": "true",
  });
  const button = element(
    "button",
    {
      type: "button",
      class: "layer-button",
      "aria-expanded": "false",
      "aria-controls": id,
      click: () => toggle(),
    },
    describeHead(item),
    glimpse,
  );
  const body = element("div", { class: "layer-body", id, hidden: "" });
  const node = element(
    "li",
    { class: `layer is-${item.type}`, ...nameData(item) },
    element(`h${3 + level}`, { class: "layer-head" }, button),
    body,
  );
  const content = item.layer
    ? createLayerContent(item.layer, body, context)
    : createGroupContent(item, body, level, context);
  const isOpen = () => button.getAttribute("aria-expanded") === "true";

  function toggle(wanted = !isOpen()) {
    if (wanted === isOpen()) return;
    button.setAttribute("aria-expanded", String(wanted));
    node.classList.toggle("is-open", wanted);
    body.hidden = !wanted;
    if (wanted) content.render();
    else content.clear();
    if (!item.layer) context.onChange();
  }
  function follow(look) {
    glimpse.hidden = !look;
    look?.paint(glimpse, look.isRow || look.isPicture ? 0 : look.ranking[0]);
    glimpse.style.aspectRatio = `${glimpse.width} / ${glimpse.height}`;
    if (isOpen()) content.render();
  }
  return {
    item,
    node,
    button,
    toggle,
    follow,
    isOpen,
    listChildren: () => (isOpen() ? content.listChildren() : null),
    redraw: () => content.redraw(),
  };
}

function nameData({ type, layer, group, name }) {
  if (layer) return { "data-kind": layer.kind, "data-layer": layer.name };
  return { "data-kind": type, "data-group": group.title ? group.name : name };
}

/** What a layer does, and to this picture. */
function createLayerContent(layer, body, { network, readPicture }) {
  const memory = {};
  let turn = 0;
  /** Show the numbers once they are there: those of a deep layer take a moment. */
  async function render() {
    const mine = ++turn;
    const picture = readPicture();
    const missing = layer.block ? network.listMissing(picture, layer.name) : [];
    if (missing.length) {
      body.replaceChildren(...describeLayer(layer), sayComputing(missing));
      for (const name of missing) {
        await rest();
        if (turn !== mine) return;
        network.output(picture, name);
      }
    }
    body.replaceChildren(...describeLayer(layer), ...viewLayer(network, layer, picture, memory));
  }
  function clear() {
    turn++;
    body.replaceChildren();
  }
  return { render, clear, listChildren: () => null, redraw: () => {} };
}

const sayComputing = ({ length }) =>
  element("p", { class: "hint", role: "status" }, `Computes ${countThings(length, "layer")} \u2026`);
const rest = () => new Promise((resolve) => setTimeout(resolve));

/** What layers do together, what leaves the last of them, and a card for each. */
function createGroupContent(item, body, level, { network, readPicture, nest }) {
  const memory = {};
  const shown = element("div");
  let nested = null;
  function render() {
    if (!nested) {
      nested = nest(item.children, level + 1);
      const head = level ? "Its layers" : "Its blocks";
      body.append(...describeGroup(item), shown, element("h4", {}, head), nested.node);
    }
    const after = item.type === "block" ? lookAtSample(network, readPicture(), item.last.name) : null;
    shown.replaceChildren(...(after ? viewSample(after, memory, item) : []));
    nested.redraw();
  }
  return {
    render,
    clear: () => {},
    listChildren: () => nested?.cards ?? null,
    redraw: () => nested?.redraw(),
  };
}

function viewSample(after, memory, { group }) {
  return viewGeneral({ after, memory, isComputed: group.is_computed });
}

function describeHead({ title, name, layer, first, last }) {
  const shapes = [first.inputShapes.map(formatShape).join(" and "), formatShape(last.outputShape)];
  return element(
    "span",
    { class: "layer-title" },
    element(
      "span",
      { class: "layer-kind" },
      title ?? KIND_NAMES[layer.kind] ?? layer.kind.replaceAll("_", " "),
    ),
    " ",
    element("span", { class: "layer-name" }, layer ? shortenName(layer) : name),
    " ",
    element("span", { class: "layer-shape" }, shapes.filter(Boolean).join(" → ")),
  );
}

/** Leave out of the name of a layer in a block what the card around it says. */
const shortenName = ({ name, block }) => (block ? name.replace(`backbone_${block}_`, "") : name);

function describeLayer(layer) {
  return describe(layer.sentence, [
    [
      "arrives",
      layer.inputs
        .map((name, at) => `${formatShape(layer.inputShapes[at])} from ${name}`)
        .join(", ") || "the file",
    ],
    ["leaves", formatShape(layer.outputShape)],
    ...countWeights(layer),
  ]);
}

function describeGroup({ group, first, last }) {
  return describe(group.sentence, [
    ["arrives", formatShape(first.inputShapes[0])],
    ["leaves", formatShape(last.outputShape)],
    ...countWeights(group),
  ]);
}

function countWeights({ parameters, trainable, multiplyAdds }) {
  return [
    ["parameters", formatCount(parameters)],
    trainable === parameters ? null : ["of them trained", formatCount(trainable)],
    multiplyAdds === null ? null : ["multiply-adds", formatCount(multiplyAdds)],
  ].filter(Boolean);
}

function describe(sentence, facts) {
  return [
    element("p", { class: "sentence" }, sentence),
    element(
      "dl",
      { class: "facts" },
      facts.map(([name, value]) =>
        element("div", {}, element("dt", {}, name), element("dd", {}, value)),
      ),
    ),
  ];
}
