/** What a transform has drawn, in words and units that people read. */

import { formatNumber } from "../numbers.js";

const degrees = (value) => `${round(value, 1)}°`;
const pixels = (value) => `${round(value, 1)} px`;
const times = (value) => `× ${round(value, 2)}`;

// Of arguments with these names the unit is known, whatever transform has drawn them.
const UNITS = {
  rotate: degrees,
  shear: degrees,
  angle: degrees,
  x: pixels,
  y: pixels,
  scale: times,
  "scale x": times,
  "scale y": times,
};
// Names that only say something to those who know the formula: value × alpha + beta.
const MEANINGS = {
  RandomBrightnessContrast: {
    alpha: ["contrast", times],
    beta: ["brightness", (value) => (value > 0 ? `+${round(value, 1)}` : round(value, 1))],
  },
};
const HOLES = { CoarseDropout: "holes" };

/**
 * Return names and texts of what a transform has drawn.
 *
 * @param {string} transform its name
 * @param {Object} drawn
 * @returns {string[][]}
 */
export function describeArguments(transform, drawn) {
  return Object.entries(drawn).flatMap(([name, value]) => {
    if (HOLES[transform] === name && Array.isArray(value)) return describeHoles(value);
    const [word, write] = MEANINGS[transform]?.[name] ?? [name.replaceAll("_", " "), UNITS[name]];
    return [[word, writeValue(value, write)]];
  });
}

function writeValue(value, write) {
  if (Array.isArray(value)) return value.flat(Infinity).map(trim).join(", ");
  if (typeof value !== "number") return String(value);
  return write ? write(value) : trim(value);
}

/** Rectangles: left, top, right and bottom, of which the last two lie outside. */
function describeHoles(value) {
  return chunk(value.flat(Infinity), 4).flatMap(([left, top, right, bottom]) => [
    ["rows", `${top}–${bottom - 1}`],
    ["columns", `${left}–${right - 1}`],
  ]);
}

const chunk = (values, size) =>
  Array.from({ length: Math.ceil(values.length / size) }, (_, at) =>
    values.slice(at * size, (at + 1) * size),
  );

const round = (value, digits) => trim(Math.round(value * 10 ** digits) / 10 ** digits);

const trim = (value) =>
  formatNumber(value)
    .replace(/(\.\d*?)0+$/, "$1")
    .replace(/\.$/, "");
