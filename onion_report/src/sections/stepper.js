/** A slider with a button to each side, and one that plays all steps. */

import { element } from "../dom.js";

const PACE = 600; // milliseconds a step

/**
 * Let the reader step through some frames.
 *
 * @param {string[]} names of the frames
 * @param {function(number)} show
 * @param {string} label of the slider
 * @returns {{node, mark: function(number)}}
 */
export function createStepper(names, show, label) {
  const last = names.length - 1;
  const at = () => Number(slider.value);
  const go = (next) => {
    stop();
    show(Math.max(0, Math.min(last, next)));
  };
  const slider = element("input", {
    type: "range",
    min: 0,
    max: last,
    "aria-label": label,
    input: () => go(at()),
  });
  const earlier = createButton("←", "Earlier", () => go(at() - 1));
  const later = createButton("→", "Later", () => go(at() + 1));
  const player = createButton("Play", null, () => (timer ? stop() : play()));
  let timer = null;

  function play() {
    show(at() === last ? 0 : at() + 1);
    player.textContent = "Stop";
    timer = setInterval(
      () => (at() === last || !player.isConnected ? stop() : show(at() + 1)),
      PACE,
    );
  }
  function stop() {
    clearInterval(timer);
    timer = null;
    player.textContent = "Play";
  }
  return {
    node: element("div", { class: "stepper" }, earlier, slider, later, player),
    mark(next) {
      slider.value = next;
      slider.setAttribute("aria-valuetext", names[next]);
      // Not `disabled`, which would take the focus away from who has just pressed it.
      earlier.setAttribute("aria-disabled", String(next === 0));
      later.setAttribute("aria-disabled", String(next === last));
    },
  };
}

function createButton(text, label, click) {
  const name = label ? "choice" : "choice player";
  return element("button", { type: "button", class: name, "aria-label": label, click }, text);
}
