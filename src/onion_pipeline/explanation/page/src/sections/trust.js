/** How far to trust it: figures of the test and the data, limits, and the worst mistakes. */

import { element } from "../dom.js";
import { formatShare } from "../numbers.js";
import { showAnswered } from "./answered.js";

/** Show what the test says, what the data were, what to know, and where it was sure and wrong. */
export function createTrust({ report, tensors }) {
  const { facts = [], data = [], limits = [], mistakes = [] } = report.trust;
  return {
    nodes: [
      showFacts(facts, "trust-facts"),
      data.length ? element("h3", {}, "The data") : null,
      data.length ? showFacts(data, "trust-facts is-small") : null,
      limits.length ? element("h3", {}, "What to know") : null,
      limits.length
        ? element(
            "ul",
            { class: "limits" },
            limits.map((limit) => element("li", {}, limit)),
          )
        : null,
      mistakes.length ? element("h3", {}, "The worst mistakes") : null,
      mistakes.length
        ? element("p", { class: "hint" }, "Wrong answers to test pictures, the surest first.")
        : null,
      mistakes.length
        ? showAnswered(
            mistakes,
            tensors,
            ({ label, predicted, confidence }) =>
              `${label} → ${predicted}, ${formatShare(confidence)}`,
          )
        : null,
    ].filter(Boolean),
  };
}

function showFacts(facts, name) {
  return element(
    "dl",
    { class: name },
    facts.map((fact) =>
      element(
        "div",
        {},
        element("dt", {}, fact.name),
        element("dd", { class: "fact-value" }, fact.value),
        element("dd", { class: "fact-detail" }, fact.detail),
      ),
    ),
  );
}
