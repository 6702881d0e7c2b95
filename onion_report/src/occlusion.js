/** Hiding parts of a picture: where the patches lay, and what each one cost the answer. */

// Below this a probability is nothing but rounding: the smallest normal float32.
const TINY = 1.1754943508222875e-38;

/** Return the log-odds `ln(p / (1 - p))` of a class; the others are summed, as 1 - p is rounded. */
export function findLogOdds(probabilities, chosen) {
  const others = probabilities.reduce(
    (sum, share, at) => (at === chosen ? sum : sum + Math.max(share, TINY)),
    0,
  );
  return Math.log(Math.max(probabilities[chosen], TINY)) - Math.log(others);
}

export const shareOfLogOdds = (odds) => 1 / (1 + Math.exp(-odds));

/**
 * Return how much a pixel costs when it is hidden: the mean over the patches that hide it.
 *
 * @param {{data: Float32Array}} fall of the log-odds, one per patch, row by row
 * @param {{side: number, tops: number[], lefts: number[]}} patches
 * @param {{height: number, width: number}} size of the picture
 */
export function spreadOverPixels({ data }, { side, tops, lefts }, { height, width }) {
  const sums = new Float32Array(height * width);
  const counts = new Uint16Array(height * width);
  data.forEach((value, at) => {
    const top = tops[Math.floor(at / lefts.length)];
    const left = lefts[at % lefts.length];
    for (let row = top; row < top + side; row++) {
      for (let column = left; column < left + side; column++) {
        sums[row * width + column] += value;
        counts[row * width + column]++;
      }
    }
  });
  return sums.map((sum, at) => sum / Math.max(counts[at], 1));
}

/** Return a picture with one patch in its mean colour, as the network was shown it. */
export function hidePatch({ data, shape }, { top, left, side }) {
  const [, width, channels] = shape;
  const hidden = Uint8Array.from(data);
  const mean = meanColour(data, channels);
  for (let row = top; row < top + side; row++) {
    for (let column = left; column < left + side; column++)
      hidden.set(mean, (row * width + column) * channels);
  }
  return { data: hidden, shape };
}

function meanColour(data, channels) {
  const sums = new Float64Array(channels);
  data.forEach((value, at) => (sums[at % channels] += value));
  return [...sums].map((sum) => Math.round((sum * channels) / data.length));
}
