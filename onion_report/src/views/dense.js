/** Dense layers: what speaks for a unit or class, what against it, and where that came from. */

import { scaleLinear } from "d3-scale";
import { ACTIVATIONS, ACTIVATION_NAMES } from "../activations.js";
import { explainDense } from "../arithmetic.js";
import { createReceipt } from "../cells.js";
import { createBars, createTrack } from "../charts.js";
import { element } from "../dom.js";
import { sumDense } from "../engine.js";
import { createField, frame } from "../field.js";
import { look } from "../looks.js";
import { countThings, formatNumber, formatShare } from "../numbers.js";
import { mapEvidence } from "./evidence.js";
import { createRow, viewGeneral } from "./general.js";
import { viewShares } from "./softmax.js";

const LEADING = 8;
const STRONGEST = 6;

export function viewDense(context) {
  const {
    layer,
    looks: [before],
    after,
    memory,
  } = context;
  if (!after.isRow || !before.isRow) return viewGeneral(context);
  const sums = sumDense(before.tensor, layer);
  const isAnswer = layer.settings.activation === "softmax";
  const leading = [...sums.keys()].sort((a, b) => sums[b] - sums[a]).slice(0, LEADING);
  memory.position ??= leading[0];
  const detail = element("div", { class: "unit" });
  const bars = element("div");
  const row = isAnswer
    ? null
    : createRow(after, memory, describeUnit, {
        caption: `all ${after.tensor.data.length} units. Point at one`,
        noun: "Unit",
      });

  function describeUnit(unit) {
    choose(unit);
    return formatNumber(after.tensor.data[unit]);
  }
  function choose(unit) {
    memory.position = unit;
    const focused = bars.contains(document.activeElement);
    bars.replaceChildren(
      createBars(
        leading.map((each) =>
          describeBar(context, each, unit, () => (row ? row.show(each) : choose(each))),
        ),
        { label: "Leading units", top: isAnswer ? 1 : undefined },
      ),
    );
    if (focused) bars.querySelector('[aria-pressed="true"]')?.focus();
    detail.replaceChildren(...explainUnit(context, unit));
  }
  if (!row) choose(memory.position);
  return [
    element("h4", {}, isAnswer ? "The leading classes" : "The leading units"),
    element("p", { class: "hint" }, "Choose one to see what it is made of."),
    element("div", { class: "fields is-plain" }, row?.node ?? null, bars),
    detail,
    ...(isAnswer ? viewShares(sums, context) : []),
  ];
}

function describeBar(context, unit, chosen, onClick) {
  const value = context.after.tensor.data[unit];
  const isAnswer = context.layer.settings.activation === "softmax";
  return {
    label: context.nameUnit(unit),
    value,
    isChosen: unit === chosen,
    onClick,
    text: isAnswer ? formatShare(value) : formatNumber(value),
  };
}

function explainUnit(context, unit) {
  const {
    layer,
    looks: [before],
  } = context;
  const found = explainDense(layer, before.tensor, unit);
  const forIt = found.parts.filter(({ product }) => product > 0);
  const against = found.parts.filter(({ product }) => product < 0);
  const shown = [...forIt.slice(0, STRONGEST), ...against.slice(0, STRONGEST)];
  const most = Math.max(...shown.map(({ product }) => Math.abs(product)), 1e-30);
  const place = scaleLinear([-most, most], [0, 100]);
  return [
    element("h4", {}, `What speaks for ${context.nameUnit(unit)}, and what against it`),
    element(
      "div",
      { class: "unit-parts" },
      element(
        "div",
        { class: "scroll", tabindex: 0, role: "group", "aria-label": "Strongest contributions" },
        element(
          "table",
          { class: "contributions" },
          element(
            "thead",
            {},
            element(
              "tr",
              {},
              ["where it comes from", "number", "× weight", "= product"].map((name) =>
                element("th", { scope: "col" }, name),
              ),
              element("td", { class: "contribution" }),
            ),
          ),
          element(
            "tbody",
            {},
            shown.map((part) => describePart(context, part, place)),
          ),
        ),
      ),
      element(
        "div",
        {},
        billUnit(context, found, forIt, against, unit),
        mapEvidence(context, found),
      ),
    ),
  ];
}

function describePart(context, { index, value, weight, product }, place) {
  const source = context.network.trace(context.layer.inputs[0], index);
  return element(
    "tr",
    {},
    element("th", { scope: "row", title: `position ${index}` }, nameSource(context, source)),
    element("td", { "data-value": value }, formatNumber(value)),
    element("td", { "data-value": weight }, formatNumber(weight)),
    element("td", { "data-value": product }, formatNumber(product)),
    element("td", { class: "contribution" }, createTrack(product, place)),
  );
}

function nameSource({ network, picture }, { layer, row, column, channel, index }) {
  const name = element("span", { class: "source-name" }, layer.name);
  if (row === undefined)
    return element("div", { class: "source" }, element("span", {}, `number ${index}`, name));
  const map = look(network, picture, layer.name);
  const field = createField({
    ...map.maps,
    size: 34,
    label: "",
    paint: (canvas) => map.paint(canvas, channel),
  });
  field.mark(frame(row, column));
  field.node.setAttribute("aria-hidden", "true");
  return element(
    "div",
    { class: "source" },
    field.node,
    element("span", {}, `map ${channel}, row ${row}, column ${column}`, name),
  );
}

/** List all that is added up, so that the total is the number that leaves. */
function billUnit({ layer, after }, found, forIt, against, unit) {
  const add = (parts) => parts.reduce((sum, { product }) => sum + product, 0);
  const activation = layer.settings.activation ?? "linear";
  const nothing = found.parts.length - forIt.length - against.length;
  const result = after.tensor.data[unit];
  return createReceipt([
    { label: `${countThings(forIt.length, "product")} for it`, value: add(forIt) },
    { label: `${countThings(against.length, "product")} against it`, value: add(against) },
    nothing > 0 && { label: `${countThings(nothing, "product")} of zero`, value: 0, text: "0" },
    found.bias !== null && { label: "bias", value: found.bias },
    { label: "sum", value: found.sum, isTotal: true },
    activation === "softmax"
      ? { label: "Softmax", value: result, text: formatShare(result), isTotal: true }
      : activation !== "linear" && {
          label: ACTIVATION_NAMES[activation],
          value: ACTIVATIONS[activation](found.sum),
          isTotal: true,
        },
  ]);
}
