/** Where the pictures of a map lie, and which one is meant. */

import { extent } from "d3-array";
import { scaleLinear } from "d3-scale";

const EDGE = 30; // CSS pixels around the outermost pictures
const SHAPES = [0.5, 0.95]; // of height by width
const TALLEST = 680; // CSS pixels
const DIRECTIONS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
const ASIDE = 2; // times as far as straight ahead

/**
 * Place points in a box of a width; the same distance means the same in both directions.
 *
 * @param {{x: number, y: number}[]} points
 * @param {number} width CSS pixels
 * @returns {{places: number[][], width: number, height: number}}
 */
export function placePoints(points, width) {
  const [x, y] = ["x", "y"].map((axis) => extent(points, (point) => point[axis]));
  const [across, up] = [x, y].map(([low, high]) => high - low || 1);
  const height = Math.round(
    clamp(
      (width * up) / across,
      SHAPES.map((shape) => shape * width),
    ),
  );
  const tall = Math.min(height, TALLEST);
  const unit = Math.min((width - 2 * EDGE) / across, (tall - 2 * EDGE) / up);
  const centre = (range, span, length, way) =>
    scaleLinear(range, [(length - way * span * unit) / 2, (length + way * span * unit) / 2]);
  const [placeX, placeY] = [centre(x, across, width, 1), centre(y, up, tall, -1)];
  return { places: points.map((point) => [placeX(point.x), placeY(point.y)]), width, height: tall };
}

const clamp = (value, [low, high]) => Math.max(low, Math.min(high, value));

/** Return the place nearest to a point, none if it is farther than `reach`. */
export function findNearest(places, [x, y], reach) {
  let best = null;
  let least = reach;
  places.forEach((place, at) => {
    const distance = Math.hypot(place[0] - x, place[1] - y);
    if (distance < least) [best, least] = [at, distance];
  });
  return best;
}

/** Return the next place in the direction of a key; null for other keys. */
export function stepOnMap(event, places, from) {
  const step = DIRECTIONS[event.key];
  if (!step) return null;
  event.preventDefault();
  if (from === undefined) return 0;
  const [x, y] = places[from];
  let best = from;
  let least = Infinity;
  places.forEach((place, at) => {
    const [right, down] = [place[0] - x, place[1] - y];
    const along = right * step[0] + down * step[1];
    const aside = Math.abs(right * step[1] + down * step[0]);
    if (along <= 0 || aside > ASIDE * along) return;
    if (along + ASIDE * aside < least) [best, least] = [at, along + ASIDE * aside];
  });
  return best;
}
