/** The parts of the report around the layers: those that it holds, in order. */

import { element } from "../dom.js";
import { createAttention } from "./attention.js";
import { createAugmentation } from "./augmentation.js";
import { createLearning } from "./learning.js";
import { createTrust } from "./trust.js";

const isGiven = (value) => value !== null && value !== undefined;

const PARTS = [
  {
    id: "attention",
    title: "Where it looked",
    lead: "On which parts of a picture the answer rests, asked in two ways.",
    isIn: ({ pictures }) =>
      pictures.some((each) => isGiven(each.occlusion) || isGiven(each.attention)),
    create: createAttention,
    followsPicture: true,
  },
  {
    id: "augmentation",
    title: "What augmentation did",
    lead: "The network learned from variants of its pictures. This is what each transform does to one of them, and what the network says of it.",
    isIn: ({ augmentation }) => augmentation?.transforms?.length > 0,
    create: createAugmentation,
  },
  {
    id: "learning",
    title: "How it learned",
    lead: "What changed from epoch to epoch, and what came out of it.",
    isIn: ({ learning, confusion, map }) => Boolean(learning || confusion || map),
    create: createLearning,
  },
  {
    id: "trust",
    title: "How far to trust it",
    lead: "What the test, which the network never learned from, says of it, and what it cannot say.",
    isIn: ({ trust }) => Boolean(trust),
    create: createTrust,
  },
];

/**
 * Make the parts that a report holds, each still empty.
 *
 * @param {{report, tensors, names, choose: function(number)}} context
 * @returns {{id, title, node, followsPicture, build: function(), show: function(number)}[]}
 */
export function createParts(context) {
  return PARTS.filter(({ isIn }) => isIn(context.report)).map((part) => createPart(part, context));
}

function createPart({ id, title, lead, create, followsPicture = false }, context) {
  const memory = {};
  const body = element("div", { class: "part-body" });
  const node = element(
    "section",
    { id, "aria-labelledby": `${id}-title` },
    element(
      "div",
      { class: "section-head" },
      element("h2", { id: `${id}-title` }, title),
      element("p", {}, lead),
    ),
    body,
  );
  let show = null;
  let chosen = 0;
  return {
    id,
    title,
    node,
    followsPicture,
    build() {
      const made = create(context, memory);
      body.replaceChildren(...made.nodes);
      show = made.show;
      show?.(chosen);
    },
    show(picture) {
      chosen = picture;
      show?.(picture);
    },
  };
}
