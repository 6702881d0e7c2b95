/** Numbers painted on a canvas, one pixel each; the browser enlarges them without blurring. */

// Vectors that show no structure of their own are wrapped to about this form.
const WIDER_THAN_HIGH = 2;

/**
 * See a tensor as maps: height, width, channels.
 *
 * A row of numbers becomes one map, wrapped as text is; `columns` says where.
 */
export function layOut({ data, shape }, columns = null) {
  if (shape.length >= 3) {
    const [width, channels] = shape.slice(-2);
    return { data, height: data.length / width / channels, width, channels };
  }
  if (shape.length === 2) return { data, height: shape[0], width: 1, channels: shape[1] };
  const width = Math.min(columns ?? wrapAt(data.length), data.length);
  return { data, height: Math.ceil(data.length / width), width, channels: 1 };
}

function wrapAt(length) {
  return length <= 16 ? length : Math.ceil(Math.sqrt(WIDER_THAN_HIGH * length));
}

/** Paint one channel of `maps` by a colour scale. */
export function paintMap(canvas, maps, channel, scale) {
  paint(canvas, maps, (place) => {
    const at = place * maps.channels + channel;
    return at < maps.data.length ? scale.colour(maps.data[at]) : null;
  });
}

/** Paint all channels as a picture: brightness, or red, green and blue, between two numbers. */
export function paintPicture(canvas, maps, [black, white] = [0, 255]) {
  const skip = maps.channels === 3 ? 1 : 0;
  const shade = (at) => (255 * (maps.data[at] - black)) / (white - black);
  paint(canvas, maps, (place) => {
    const at = place * maps.channels;
    return [shade(at), shade(at + skip), shade(at + 2 * skip)];
  });
}

/** Paint three channels of weights as red, green and blue, grey where they are zero. */
export function paintColourWeights(canvas, maps, most) {
  paint(canvas, maps, (place) =>
    [0, 1, 2].map((channel) => 127.5 * (1 + maps.data[place * 3 + channel] / most)),
  );
}

function paint(canvas, { height, width }, colour) {
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  for (let place = 0; place < height * width; place++) {
    const found = colour(place);
    if (found) image.data.set([found[0], found[1], found[2], 255], 4 * place);
  }
  context.putImageData(image, 0, 0);
}
