/** What became of the answer when one patch of the picture was hidden. */

import { createReceipt } from "../cells.js";
import { element } from "../dom.js";
import { formatNumber, formatSureShare } from "../numbers.js";
import { findLogOdds, hidePatch, shareOfLogOdds } from "../occlusion.js";
import { paintPixels } from "../strip.js";
import { say } from "../views/scanner.js";

/**
 * Show the picture with a patch hidden, and the sum behind the answer to it.
 *
 * @param {{described, pixels, patch: {top, left, side}, fall: number}} hidden `fall` of the
 *   log-odds of the predicted class
 * @param {string[]} names of the classes
 */
export function explainPatch({ described, pixels, patch, fall }, names) {
  const { predicted, probabilities } = described;
  const before = findLogOdds(probabilities, names.indexOf(predicted));
  const after = before - fall;
  const canvas = element("canvas", {
    class: "hidden-patch",
    role: "img",
    "aria-label": "The picture with this patch hidden",
  });
  paintPixels(canvas, hidePatch(pixels, patch));
  const share = (odds) => ({
    value: shareOfLogOdds(odds),
    text: formatSureShare(shareOfLogOdds(odds)),
  });
  return [
    element("h3", {}, "This patch hidden"),
    canvas,
    say(describePatch(patch, predicted, fall)),
    createReceipt([
      { label: `log-odds of ${predicted}`, value: before },
      {
        label: fall < 0 ? "risen by" : "fallen by",
        value: -fall,
        text: formatNumber(Math.abs(fall)),
      },
      { label: "log-odds now", value: after, isTotal: true },
      { label: "share of it before", ...share(before) },
      { label: "share of it now", ...share(after) },
    ]),
  ];
}

function describePatch({ top, left, side }, predicted, fall) {
  const verb = fall < 0 ? "rise" : "fall";
  return (
    `Rows ${top} to ${top + side - 1}, columns ${left} to ${left + side - 1} hidden: ` +
    `the log-odds of ${predicted} ${verb} by ${formatNumber(Math.abs(fall))}.`
  );
}
