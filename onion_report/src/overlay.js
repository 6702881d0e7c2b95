/** A map laid over the picture that it speaks of: tints, and lines around the strongest parts. */

import { contours } from "d3-contour";
import { colourEvidence } from "./colours.js";
import { drawing, path } from "./dom.js";
import { layOut } from "./raster.js";

const FINEST = 256; // canvas pixels along the longer side
// The picture itself is shown in these greys, so that both tints differ from black and white.
const DARKEST = 34;
const BRIGHTEST = 236;
const HALF = 0.5; // of the strongest: there the lines run

/**
 * Return the numbers of a coarse map at each pixel of a picture, in between by straight lines.
 *
 * @param {{data: ArrayLike<number>, height: number, width: number}} map
 * @param {{height: number, width: number}} size
 */
export function refineMap({ data, height, width }, size) {
  const fine = new Float32Array(size.height * size.width);
  for (let row = 0; row < size.height; row++) {
    const [top, bottom, down] = findNeighbours(row, size.height, height);
    for (let column = 0; column < size.width; column++) {
      const [left, right, along] = findNeighbours(column, size.width, width);
      const upper = data[top * width + left] * (1 - along) + data[top * width + right] * along;
      const lower =
        data[bottom * width + left] * (1 - along) + data[bottom * width + right] * along;
      fine[row * size.width + column] = upper * (1 - down) + lower * down;
    }
  }
  return fine;
}

function findNeighbours(at, fine, coarse) {
  const place = Math.max(0, Math.min(coarse - 1, ((at + 0.5) * coarse) / fine - 0.5));
  const first = Math.floor(place);
  return [first, Math.min(first + 1, coarse - 1), place - first];
}

/** Return the size of the largest number of a map, by which its tints are scaled. */
const measureMap = (data) => data.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;

/** Paint a map of any resolution over a picture, in greys and two tints, on `finest` pixels. */
export function paintOverlay(canvas, picture, map, finest = FINEST) {
  const most = measureMap(map.data);
  const maps = layOut(picture);
  const grow = Math.max(1, Math.floor(finest / Math.max(maps.height, maps.width)));
  const size = { height: maps.height * grow, width: maps.width * grow };
  Object.assign(canvas, size);
  const context = canvas.getContext("2d");
  const image = context.createImageData(size.width, size.height);
  refineMap(map, size).forEach((value, at) => {
    const row = Math.floor(at / size.width / grow);
    const column = Math.floor((at % size.width) / grow);
    const grey = readGrey(maps, row * maps.width + column);
    image.data.set([...colourEvidence(grey, value / most), 255], 4 * at);
  });
  context.putImageData(image, 0, 0);
}

/** Return the brightness of a pixel, by Rec. 601 where it has colours. */
function readGrey({ data, channels }, place) {
  const at = place * channels;
  const grey =
    channels === 3 ? 0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2] : data[at];
  return DARKEST + ((BRIGHTEST - DARKEST) * grey) / 255;
}

/** Draw lines around what is at least half as strong as the strongest: for solid, against dashed. */
export function drawOutlines(data, { height, width }) {
  const around = contours()
    .size([width, height])
    .thresholds([HALF * measureMap(data)]);
  const trace = (values) => around(values)[0].coordinates.flat().map(closeLine).join("");
  const lines = [
    [trace([...data]), ""],
    [trace(Array.from(data, (value) => -value)), " is-against"],
  ];
  return drawing(
    "g",
    {},
    ["outline-back", "outline-line"].map((part) =>
      lines.map(([d, name]) => path(d, `outline ${part}${name}`)),
    ),
  );
}

const closeLine = (points) =>
  `M${points.map((point) => point.map((each) => each.toFixed(2)).join(",")).join("L")}Z`;
