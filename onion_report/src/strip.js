/** The strip of pictures, of which one is on its way through the network. */

import { element } from "./dom.js";
import { stepInList } from "./keyboard.js";
import { layOut, paintPicture, paintMap } from "./raster.js";
import { scaleColours } from "./colours.js";

/**
 * Show the pictures as a group of radio buttons.
 *
 * @param {Object} report
 * @param {Object[]} tensors
 * @param {function(number)} onChoose
 */
export function createStrip(report, tensors, onChoose) {
  const buttons = report.pictures.map((picture, at) =>
    createButton(picture, tensors[picture.pixels], at),
  );
  const strip = element(
    "div",
    { class: "strip", role: "radiogroup", "aria-label": "Pictures" },
    buttons,
  );

  function choose(at, { isMoved = false } = {}) {
    buttons.forEach((button, other) => {
      button.setAttribute("aria-checked", String(other === at));
      button.tabIndex = other === at ? 0 : -1;
    });
    if (isMoved) buttons[at].focus({ preventScroll: true });
    reveal(strip, buttons[at]);
    onChoose(at);
  }
  buttons.forEach((button, at) => {
    button.addEventListener("click", () => choose(at));
    button.addEventListener("keydown", (event) => {
      const next = stepInList(event, at, buttons.length);
      if (next !== null) choose(next, { isMoved: true });
    });
  });
  return { node: strip, choose };
}

/** Say in words whether the network was right. */
export function describePicture({ label, predicted }) {
  if (label === null || label === undefined) return `taken for ${predicted}`;
  return label === predicted ? `${label}, recognised` : `${label}, taken for ${predicted}`;
}

/** Paint a picture as it came, whatever its number of channels. */
export function paintPixels(canvas, tensor) {
  const maps = layOut(tensor);
  if ([1, 3].includes(maps.channels)) paintPicture(canvas, maps);
  else paintMap(canvas, maps, 0, scaleColours(tensor.data, [0, 255]));
}

function createButton(picture, tensor, at) {
  const canvas = element("canvas", { "aria-hidden": "true" });
  paintPixels(canvas, tensor);
  const { label, predicted } = picture;
  const isKnown = label !== null && label !== undefined;
  const isRight = label === predicted;
  const mark = isKnown
    ? element("span", { class: isRight ? "mark is-right" : "mark is-wrong" }, isRight ? "✓" : "✗")
    : null;
  const words = isRight || !isKnown ? predicted : `${label} → ${predicted}`;
  return element(
    "button",
    {
      type: "button",
      class: "picture",
      role: "radio",
      "aria-checked": "false",
      tabindex: -1,
      "aria-label": `Picture ${at + 1}: ${describePicture(picture)}`,
      title: picture.path,
    },
    element("span", { class: "thumb" }, canvas, mark),
    element("span", { class: "picture-name" }, words),
  );
}

/** Scroll the strip alone, never the page. */
function reveal(strip, button) {
  const left = button.offsetLeft - (strip.clientWidth - button.clientWidth) / 2;
  strip.scrollTo?.({ left, behavior: "auto" });
}
