/** Small pictures with what was answered, as in a cell of the confusion matrix. */

import { element, whenNear } from "../dom.js";
import { paintPixels } from "../strip.js";

/**
 * Show pictures that were answered.
 *
 * @param {{path: string, pixels: number, confidence: number}[]} pictures
 * @param {Object[]} tensors
 * @param {function(Object): (Node | string)[]} write lines below a picture
 */
export function showAnswered(pictures, tensors, write) {
  return element(
    "ul",
    { class: "answered" },
    pictures.map((picture) => {
      const label = `The picture ${picture.path}`;
      const canvas = element("canvas", { role: "img", "aria-label": label });
      whenNear(canvas, () => paintPixels(canvas, tensors[picture.pixels]));
      return element(
        "li",
        { title: picture.path, "data-path": picture.path, "data-value": picture.confidence },
        canvas,
        write(picture).map((line) => element("span", {}, line)),
      );
    }),
  );
}
