/** Maps side by side, the most active first, one of which is chosen. */

import { element } from "./dom.js";
import { countThings, formatNumber } from "./numbers.js";
import { measureChannels } from "./looks.js";

const FIRST = 16;

/**
 * Show the channels of a look.
 *
 * @param {Object} look from looks.js
 * @param {Object} options
 * @param {Object} options.memory keeps `channel` and whether all are shown
 * @param {function(number)} options.onChoose
 * @param {function(number): Node | null} options.decorate what stands in the corner of a map
 * @param {number[]} options.ranking another order of the maps
 */
export function createGallery(
  look,
  { memory, onChoose, decorate = () => null, ranking = look.ranking },
) {
  const activity = measureChannels(look.maps);
  if (!ranking.includes(memory.channel)) memory.channel = ranking[0];
  const list = element("div", {
    class: "gallery",
    role: "group",
    "aria-label": "Maps, the most active first",
  });

  function choose(channel) {
    memory.channel = channel;
    for (const tile of list.children) {
      tile.setAttribute("aria-pressed", String(Number(tile.dataset.channel) === channel));
    }
    onChoose(channel);
  }
  function createTile(channel) {
    const canvas = element("canvas", { "aria-hidden": "true" });
    look.paint(canvas, channel);
    const mean = formatNumber(activity[channel]);
    return element(
      "button",
      {
        type: "button",
        class: "tile",
        "data-channel": channel,
        "aria-pressed": String(channel === memory.channel),
        "aria-label": `Map ${look.nameChannel(channel)}, mean size ${mean}`,
        title: `mean size ${mean}`,
        click: () => choose(channel),
      },
      canvas,
      decorate(channel),
      element("span", {}, String(look.nameChannel(channel))),
    );
  }
  function show() {
    const first = memory.showsAll ? ranking : ranking.slice(0, FIRST);
    const shown = first.includes(memory.channel) ? first : [...first, memory.channel];
    list.replaceChildren(...shown.map(createTile));
  }
  show();
  return element("div", { class: "gallery-block" }, list, createMore(ranking.length, memory, show));
}

function createMore(count, memory, show) {
  if (count <= FIRST) return null;
  const words = () =>
    memory.showsAll ? "Show the most active" : `Show all ${countThings(count, "map")}`;
  const button = element("button", { type: "button", class: "quiet", click: toggle }, words());
  function toggle() {
    memory.showsAll = !memory.showsAll;
    button.textContent = words();
    show();
  }
  return button;
}
