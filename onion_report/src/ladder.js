/** The ladder: one card per layer, from the picture to the answer; some open into further ones. */

import { createCard } from "./card.js";
import { element } from "./dom.js";
import { linkButtons } from "./keyboard.js";
import { outlineNetwork } from "./outline.js";
import { createRail } from "./rail.js";

/**
 * Show a network as closed cards.
 *
 * @param {Network} network
 * @param {{onChange: function()}} options called when other cards can be seen
 * @returns {{node, list: function(): Object[], open: function(Object), show: function(number),
 *   redraw: function()}} `list` gives the cards that are not opened into others, in order; `show`
 *   says which picture is on its way
 */
export function createLadder(network, { onChange }) {
  let picture = 0;
  const context = { network, readPicture: () => picture, nest, onChange };

  /** Put cards for some items below each other. */
  function nest(items, level) {
    const cards = items.map((item) => createCard(item, level, context));
    const node = element(
      "ol",
      { class: level ? "ladder is-nested" : "ladder" },
      cards.map((card) => card.node),
    );
    const depths = items.map(({ last }) => depthOf(network, last));
    const rail = createRail(
      node,
      cards.map((card) => card.button),
      items,
      { depths },
    );
    const redraw = () => {
      rail.draw();
      for (const card of cards) card.redraw();
    };
    return { node, cards, redraw };
  }

  const { node, cards, redraw } = nest(outlineNetwork(network), 0);
  linkButtons(node, ".layer-button");
  return {
    node,
    redraw,
    list: () => cards.flatMap(listEnds),
    open(card) {
      card.toggle(true);
      card.button.focus({ preventScroll: true });
      card.node.scrollIntoView({
        block: "start",
        behavior: prefersStillness() ? "auto" : "smooth",
      });
    },
    show: (next) => (picture = next),
  };
}

/** Return a card, or those into which it is opened. */
const listEnds = (card) => (card.listChildren() ?? [card]).flatMap((each) =>
  each === card ? [card] : listEnds(each),
);

const depthOf = ({ layers }, layer) => layers.indexOf(layer) / Math.max(layers.length - 1, 1);
const prefersStillness = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
