/** The ladder: one card per layer, from the picture to the answer. */

import { element } from "./dom.js";
import { linkButtons } from "./keyboard.js";
import { formatCount, formatShape } from "./numbers.js";
import { createRail } from "./rail.js";
import { KIND_NAMES, viewLayer } from "./views/index.js";

/**
 * Show the layers of a network as closed cards.
 *
 * @param {Network} network
 * @returns {{node, open: function(number), show: function(number), follow: function(number, Object),
 *   redraw: function()}} `show` says which picture is on its way, `follow` that it has passed a
 *   layer, with what left it
 */
export function createLadder(network) {
  let picture = 0;
  const cards = network.layers.map((layer) => createCard(network, layer, () => picture));
  const node = element(
    "ol",
    { class: "ladder" },
    cards.map((card) => card.node),
  );
  const rail = createRail(
    node,
    cards.map((card) => card.button),
    network.layers,
  );
  linkButtons(cards.map((card) => card.button));
  return {
    node,
    open(row) {
      cards[row].toggle(true);
      cards[row].button.focus({ preventScroll: true });
      cards[row].node.scrollIntoView({
        block: "start",
        behavior: prefersStillness() ? "auto" : "smooth",
      });
    },
    show: (next) => (picture = next),
    follow(row, look) {
      cards[row].glance(look);
      if (cards[row].isOpen()) cards[row].render();
    },
    redraw: rail.draw,
  };
}

const prefersStillness = () => matchMedia("(prefers-reduced-motion: reduce)").matches;

function createCard(network, layer, readPicture) {
  const memory = {};
  const id = `layer-${network.layers.indexOf(layer)}`;
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
    ...describeHead(layer),
    glimpse,
  );
  const body = element("div", { class: "layer-body", id, hidden: "" });
  const node = element(
    "li",
    { class: "layer", "data-kind": layer.kind, "data-layer": layer.name },
    element("h3", {}, button),
    body,
  );
  const isOpen = () => button.getAttribute("aria-expanded") === "true";

  function render() {
    body.replaceChildren(
      ...describeLayer(layer),
      ...viewLayer(network, layer, readPicture(), memory),
    );
  }
  function toggle(wanted = !isOpen()) {
    if (wanted === isOpen()) return;
    button.setAttribute("aria-expanded", String(wanted));
    node.classList.toggle("is-open", wanted);
    body.hidden = !wanted;
    if (wanted) render();
    else body.replaceChildren();
  }
  function glance(look) {
    glimpse.hidden = !look;
    look?.paint(glimpse, look.isRow || look.isPicture ? 0 : look.ranking[0]);
    glimpse.style.aspectRatio = `${glimpse.width} / ${glimpse.height}`;
  }
  return { node, button, isOpen, render, toggle, glance };
}

function describeHead(layer) {
  const arriving = layer.inputShapes.map(formatShape).join(" and ");
  const shapes = arriving
    ? `${arriving} → ${formatShape(layer.outputShape)}`
    : formatShape(layer.outputShape);
  return [
    element(
      "span",
      { class: "layer-title" },
      element(
        "span",
        { class: "layer-kind" },
        KIND_NAMES[layer.kind] ?? layer.kind.replaceAll("_", " "),
      ),
      " ",
      element("span", { class: "layer-name" }, layer.name),
      " ",
      element("span", { class: "layer-shape" }, shapes),
    ),
  ];
}

function describeLayer(layer) {
  const facts = [
    [
      "arrives",
      layer.inputs
        .map((name, at) => `${formatShape(layer.inputShapes[at])} from ${name}`)
        .join(", ") || "the file",
    ],
    ["leaves", formatShape(layer.outputShape)],
    ["parameters", formatCount(layer.parameters)],
    layer.multiplyAdds === null ? null : ["multiply-adds", formatCount(layer.multiplyAdds)],
  ].filter(Boolean);
  return [
    element("p", { class: "sentence" }, layer.sentence),
    element(
      "dl",
      { class: "facts" },
      facts.map(([name, value]) =>
        element("div", {}, element("dt", {}, name), element("dd", {}, value)),
      ),
    ),
  ];
}
