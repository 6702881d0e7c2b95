/** The page: the pictures, the onion, the answer and the ladder, kept in step. */

import { showAnswer } from "./answer.js";
import { forgetColours } from "./colours.js";
import { createContents } from "./contents.js";
import { element } from "./dom.js";
import { turnWithKeys } from "./keyboard.js";
import { createLadder } from "./ladder.js";
import { look, lookAtSample } from "./looks.js";
import { Network } from "./network.js";
import { countThings, formatCount, formatShape } from "./numbers.js";
import { createRings } from "./rings.js";
import { createParts } from "./sections/index.js";
import { createStrip } from "./strip.js";
import { unpackTensors } from "./tensors.js";
import { KIND_NAMES } from "./views/index.js";

const byId = (id) => document.getElementById(id);

async function start() {
  const report = JSON.parse(byId("report").textContent);
  const tensors = await unpackTensors(report.tensors, byId("tensors").textContent);
  const network = new Network(report, tensors);
  byId("facts").textContent = describeModel(network);
  const peel = createPeel(network);
  const { ladder } = peel;
  const strip = createStrip(report, tensors, choose);
  const context = { report, tensors, names: report.class_names, choose: strip.choose };
  const parts = createParts(context);
  for (const { node, followsPicture } of parts)
    byId(followsPicture ? "chosen" : "parts").append(node);
  createContents(byId("contents"), [PEEL, ...parts]);

  function choose(picture) {
    for (const part of parts) part.show(picture);
    return peel.choose(picture);
  }
  byId("pictures").append(strip.node);
  turnWithKeys((step) => {
    const next = peel.picture() + step;
    if (next >= 0 && next < report.pictures.length) strip.choose(next);
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    forgetColours();
    ladder.redraw();
    for (const part of parts) part.build();
    choose(peel.picture());
  });
  strip.choose(0);
  const built = buildInTurn(parts);
  return { network, built };
}

/** Build what lies below while the reader looks at what lies above. */
async function buildInTurn(parts) {
  for (const part of parts) {
    await rest();
    part.build();
  }
}

const PEEL = { id: "peel", title: "Peel", node: byId("peel") };

function describeModel({ report, layers, backbone }) {
  const { image_shape: shape, parameters, multiply_adds: work } = report.model;
  const inside = backbone?.blocks.reduce((sum, block) => sum + block.layers.length, 0) ?? 0;
  const pretrained = backbone
    ? `The ${countThings(backbone.blocks.length, "block")} of ${backbone.name ?? "a pretrained network"} (${countThings(inside, "layer")}) and `
    : "";
  return (
    `${pretrained}${countThings(layers.length - inside, "layer")} from ${formatShape(shape)} to ${countThings(report.class_names.length, "class").replace("classs", "classes")}, ` +
    `${formatCount(parameters)} parameters, ${work === null ? "an unknown number of" : formatCount(work)} multiply-adds for one picture.`
  );
}

/** Follow one picture at a time through the network, ring by ring. */
function createPeel(network) {
  let picture = 0;
  let turn = 0;
  let marked = null;
  let cards = [];
  let words = CAPTION;
  const caption = element("p", { class: "ring-caption" }, words);
  const core = element("p", { class: "core", "aria-hidden": "true" });
  const ladder = createLadder(network, { onChange: rearrange });
  const rings = createRings({ onPoint: mark, onChoose: (row) => ladder.open(cards[row]) });
  byId("layers").append(ladder.node);
  byId("onion").append(element("div", { class: "ring-box" }, rings.canvas, core), caption);
  const answer = byId("answer");

  function mark(row) {
    if (row === marked) return;
    const earlier = marked;
    marked = row;
    for (const each of [earlier, row]) if (each !== null) drawRing(each);
    caption.textContent = row === null ? words : nameItem(cards[row].item);
  }
  function drawRing(row) {
    const looks = lookAtBands(network, picture, cards[row].item);
    rings.drawRing(row, looks, { isMarked: row === marked });
  }
  /** Draw a ring for each card that is not opened into others, and let the picture pass. */
  async function rearrange() {
    const mine = ++turn;
    cards = ladder.list();
    marked = null;
    words = cards.some(({ item }) => item.type === "backbone") ? `${CAPTION} ${THICK}` : CAPTION;
    caption.textContent = words;
    rings.arrange(cards.map(({ item }) => listBands(item).length));
    for (let row = 0; row < cards.length; row++) {
      const { item } = cards[row];
      for (const name of item.layer ? [...network.listMissing(picture, item.name), null] : [null]) {
        await rest();
        if (turn !== mine) return;
        if (name) network.output(picture, name);
      }
      drawRing(row);
      cards[row].follow(lookAtItem(network, picture, item));
    }
  }
  function choose(next) {
    picture = next;
    const { predicted } = network.report.pictures[picture];
    core.textContent = predicted;
    core.classList.toggle("is-short", predicted.length <= SHORT);
    answer.replaceChildren(...showAnswer(network, picture));
    ladder.show(picture);
    return rearrange();
  }
  return { choose, ladder, picture: () => picture };
}

/** Look at each band of a ring; only what belongs to one layer alone is computed for it. */
const lookAtBands = (network, picture, item) =>
  listBands(item).map((name) =>
    item.layer ? look(network, picture, name) : lookAtSample(network, picture, name),
  );

/** Return the layers whose numbers make the bands of a ring: its own, or one of each block. */
const listBands = ({ type, last, children }) =>
  type === "backbone" ? children.map((child) => child.last.name) : [last.name];

/** Look at what leaves a layer or, as the report has it, a group of them. */
const lookAtItem = (network, picture, { layer, last }) =>
  layer ? look(network, picture, layer.name) : lookAtSample(network, picture, last.name);

const SHORT = 3; // letters: the core shows them larger
const CAPTION =
  "Each ring is a layer, from the picture outside to the answer in the core; each cell " +
  "is a channel, the stronger its colour, the more active. Choose a ring to peel it.";
const THICK = "The thick one is a pretrained network, a band for each of its blocks.";
const nameItem = ({ title, layer, name, last }) =>
  `${title ?? KIND_NAMES[layer.kind] ?? layer.kind}, ${name}: ${formatShape(last.outputShape)} leaves.`;

/** Let the browser answer the reader between two layers. */
const rest = () => new Promise((resolve) => setTimeout(resolve));

function sayFailure(error) {
  byId("layers").replaceChildren(
    element(
      "p",
      { class: "failure", role: "alert" },
      "This page needs a browser of 2023 or later (DecompressionStream).",
    ),
  );
  throw error;
}

const ready = start();
ready.catch(sayFailure);

/** For tests and for the curious: the numbers that leave a layer, by picture and name. */
window.onion = {
  ready: ready.then(() => true),
  whole: ready.then(({ built }) => built).then(() => true),
  outputs: async (picture, name) => (await ready).network.output(picture, name)?.data ?? null,
};
