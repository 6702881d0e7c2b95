/** Colours for numbers: from paper to onion skin, and through blue where numbers are negative. */

import { extent } from "d3-array";
import { interpolateLab, interpolateRgb, piecewise, quantize } from "d3-interpolate";

const STEPS = 256;
// On which black and white have the same contrast: sqrt(1.05 * 0.05) - 0.05.
const EQUAL_LUMINANCE = 0.179;

/**
 * Return how the numbers of `values` are coloured: all of them by one scale.
 *
 * @param {ArrayLike<number>} values
 * @param {number[] | null} grey for pictures: the numbers of black and white
 * @returns {{low: number, high: number, colour: function(number): number[]}}
 */
export function scaleColours(values, grey = null) {
  if (grey) return { low: grey[0], high: grey[1], colour: pickFrom(ramps().grey, ...grey) };
  const [low = 0, high = 0] = extent(values, (value) => (Number.isFinite(value) ? value : null));
  if (low >= 0) return { low: 0, high, colour: pickFrom(ramps().sequential, 0, high) };
  const most = Math.max(-low, high);
  return { low: -most, high: most, colour: pickFrom(ramps().diverging, -most, most) };
}

/** Return the colour of a layer by its depth: 0 is the skin of the onion, 1 its core. */
export function colourDepth(depth) {
  return ramps().depth(depth);
}

/** Return the colour of a ring's cell: `share` of the way from paper to the layer's colour. */
export function colourCell(depth, share) {
  return interpolateLab(ramps().faint, colourDepth(depth))(share);
}

/** Return black or white, whichever can be read better on [r, g, b] of 0 to 255, as WCAG 2 has it. */
export function colourText([red, green, blue]) {
  const [r, g, b] = [red, green, blue].map((value) => {
    const share = value / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > EQUAL_LUMINANCE ? "#000" : "#fff";
}

/** Forget the colours of a theme when the reader changes it. */
export function forgetColours() {
  cached = null;
}

let cached = null;

function ramps() {
  return (cached ??= readRamps(getComputedStyle(document.documentElement)));
}

function readRamps(style) {
  const read = (name) => style.getPropertyValue(`--${name}`).trim();
  const blend = (...names) => piecewise(interpolateLab, names.map(read));
  return {
    sequential: tabulate(blend("zero", "warm", "positive", "extreme")),
    diverging: tabulate(blend("negative-extreme", "negative", "zero", "positive", "extreme")),
    grey: tabulate(interpolateRgb("#000000", "#ffffff")),
    depth: blend("ring-skin", "ring-flesh", "ring-core"),
    faint: read("ring-faint"),
  };
}

function tabulate(interpolate) {
  return quantize(interpolate, STEPS).map((text) => text.match(/[\d.]+/g).map(Number));
}

function pickFrom(table, low, high) {
  const factor = high > low ? (STEPS - 1) / (high - low) : 0;
  return (value) => table[Math.max(0, Math.min(STEPS - 1, Math.round((value - low) * factor)))];
}
