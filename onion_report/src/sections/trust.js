/** How far to trust it: figures of the test and the data, limits, and the worst mistakes. */

import { element } from "../dom.js";
import { formatShare } from "../numbers.js";
import { showAnswered } from "./answered.js";

/** Show what the test says, what the data were, what to know, and where it was sure and wrong. */
export function createTrust({ report, tensors }) {
  const { facts = [], data = [], limits = [], mistakes = [] } = report.trust;
  return {
    nodes: [
      facts.length ? showFacts(facts, "trust-facts") : null,
      showBlock("The data", data, () => [showFacts(data, "trust-facts is-small")]),
      showBlock("What to know", limits, () => [
        element(
          "ul",
          { class: "limits" },
          limits.map((limit) => element("li", {}, limit)),
        ),
      ]),
      showBlock("The worst mistakes", mistakes, () => [
        element("p", { class: "hint" }, "Wrong answers to test pictures, the surest first."),
        showAnswered(mistakes, tensors, ({ label, predicted, confidence }) => [
          element("strong", {}, `${label} → ${predicted}`),
          `${formatShare(confidence)} sure`,
        ]),
      ]),
    ].filter(Boolean),
  };
}

function showBlock(title, things, show) {
  if (things.length === 0) return null;
  return element("div", { class: "block is-small" }, element("h3", {}, title), show());
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
