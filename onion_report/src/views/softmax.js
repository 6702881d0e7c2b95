/** Softmax: from sums to shares. */

import { element } from "../dom.js";
import { formatNumber, formatShare } from "../numbers.js";

const LEADING = 5;

/**
 * Show how the largest sums become shares.
 *
 * @param {ArrayLike<number>} sums one per class
 */
export function viewShares(sums, { nameUnit }) {
  const largest = Math.max(...sums);
  const powers = Array.from(sums, (sum) => Math.exp(sum - largest));
  const total = powers.reduce((all, power) => all + power, 0);
  const order = [...powers.keys()].sort((a, b) => powers[b] - powers[a]);
  const rest = order.slice(LEADING).reduce((all, at) => all + powers[at], 0);
  const write = (name, numbers, share) =>
    element(
      "tr",
      {},
      element("th", { scope: "row" }, name),
      numbers.map((text) => element("td", {}, text)),
      element("td", { "data-value": share }, formatShare(share)),
    );
  return [
    element("h4", {}, "From sums to shares"),
    element(
      "p",
      { class: "hint" },
      `Each sum becomes a power of e, counted from the largest sum, ${formatNumber(largest)}; ` +
        `its share is its part of all powers, ${formatNumber(total)}.`,
    ),
    element(
      "div",
      { class: "scroll", tabindex: 0, role: "group", "aria-label": "From sums to shares" },
      element(
        "table",
        { class: "contributions" },
        element(
          "thead",
          {},
          element(
            "tr",
            {},
            ["", "sum", "power", "share"].map((name) =>
              element(name ? "th" : "td", name ? { scope: "col" } : {}, name),
            ),
          ),
        ),
        element(
          "tbody",
          {},
          order
            .slice(0, LEADING)
            .map((at) =>
              write(
                nameUnit(at),
                [formatNumber(sums[at]), formatNumber(powers[at])],
                powers[at] / total,
              ),
            ),
          order.length > LEADING
            ? write(`the ${order.length - LEADING} others`, ["", formatNumber(rest)], rest / total)
            : null,
        ),
      ),
    ),
  ];
}
