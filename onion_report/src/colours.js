/** Colours for numbers: from paper to onion skin, and through blue where numbers are negative. */

import { extent } from "d3-array";
import { interpolateLab, interpolateRgb, piecewise, quantize } from "d3-interpolate";

const STEPS = 256;
// On which black and white have the same contrast: sqrt(1.05 * 0.05) - 0.05.
const EQUAL_LUMINANCE = 0.179;
// How a map covers the picture below it: at most so much, and less so in between.
const DENSEST = 0.85;
const EASE = 0.65;

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

/** Return the colour of a map laid over a grey of 0 to 255; `share` is -1 against, 1 for. */
export function colourEvidence(grey, share) {
  const { against, speaking } = ramps();
  const hue = share < 0 ? against : speaking;
  const cover = DENSEST * Math.min(1, Math.abs(share)) ** EASE;
  return hue.map((value) => grey + (value - grey) * cover);
}

/** Return a colour `share` of the way from the card to a colour of the style, by its name. */
export function colourShare(name, share) {
  const style = getComputedStyle(document.documentElement);
  const [from, to] = ["--card", name].map((each) => style.getPropertyValue(each).trim());
  return readNumbers(interpolateLab(from, to)(share));
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
    speaking: readNumbers(interpolateRgb(read("positive"), read("positive"))(0)),
    against: readNumbers(interpolateRgb(read("negative"), read("negative"))(0)),
  };
}

function tabulate(interpolate) {
  return quantize(interpolate, STEPS).map(readNumbers);
}

const readNumbers = (colour) => colour.match(/[\d.]+/g).map(Number);

function pickFrom(table, low, high) {
  const factor = high > low ? (STEPS - 1) / (high - low) : 0;
  return (value) => table[Math.max(0, Math.min(STEPS - 1, Math.round((value - low) * factor)))];
}
