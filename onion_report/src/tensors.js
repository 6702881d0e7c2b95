/** Arrays of the report: unpacked once, then looked at in place. */

const TYPES = { float32: Float32Array, uint8: Uint8Array };

/**
 * Unpack the arrays that lie in the page.
 *
 * @param {{offset: number, shape: number[], dtype: string}[]} descriptions where each one begins
 * @param {string} packed base64 of the gzip of all of them, little endian
 * @returns {Promise<{data: Float32Array | Uint8Array, shape: number[]}[]>}
 */
export async function unpackTensors(descriptions, packed) {
  const buffer = await inflate(decodeBase64(packed.trim()));
  return descriptions.map(({ offset, shape, dtype }) => {
    const data = new TYPES[dtype](buffer, offset, countNumbers(shape));
    return { data, shape };
  });
}

export const countNumbers = (shape) => shape.reduce((product, side) => product * side, 1);

function decodeBase64(text) {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = binary.charCodeAt(at);
  return bytes;
}

function inflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).arrayBuffer();
}
