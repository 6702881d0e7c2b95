/** How numbers are written: with a true minus, and no more digits than can be read. */

const MINUS = "\u2212";
const counts = new Intl.NumberFormat("en");

/** Write a number of the network, such as `0.523`, `−12.4` or `2.1e−5`. */
export function formatNumber(value) {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (Number.isInteger(value)) return mend(counts.format(value));
  if (size < 0.0005) return mend(value.toExponential(1));
  if (size < 0.01) return mend(value.toPrecision(2));
  if (size >= 1000) return mend(counts.format(Math.round(value)));
  return mend(value.toFixed(size < 10 ? 3 : size < 100 ? 2 : 1));
}

/** Write a number for a narrow cell, such as `.52` or `−12`. */
export function formatCell(value) {
  if (value === 0 || (Number.isInteger(value) && Math.abs(value) >= 10)) return mend(String(value));
  const size = Math.abs(value);
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : 2;
  return mend(value.toFixed(digits).replace(/^(-?)0\./, "$1."));
}

export const formatCount = (value) => counts.format(value);

/** Write a share; none that lies between is rounded to nothing or to all. */
export function formatShare(value) {
  if (value > 0 && value < 0.0005) return "< 0.1\u00a0%";
  if (value < 1 && value >= 0.9995) return "> 99.9\u00a0%";
  return `${(100 * value).toFixed(1)}\u00a0%`;
}

/** Write a share that may lie so near to 0 or 1 that one decimal would hide it. */
export function formatSureShare(share) {
  const rest = Math.min(share, 1 - share);
  const digits = rest >= 0.001 || rest <= 0 ? 1 : Math.min(6, Math.ceil(-Math.log10(rest)) - 1);
  return `${(100 * share).toFixed(digits)}\u00a0%`;
}

export const formatShape = (shape) =>
  shape.length === 1 ? formatCount(shape[0]) : shape.join("\u2009×\u2009");

/** Write a count with its noun: `1 map`, `32 maps`. */
export const countThings = (count, thing) =>
  `${formatCount(count)} ${thing}${count === 1 ? "" : "s"}`;

const mend = (text) => (/^-[0.,]*$/.test(text) ? text.slice(1) : text).replaceAll("-", MINUS);
