/** Where the windows of convolutions and poolings stand, padded as TensorFlow does. */

/**
 * Place a window on a picture.
 *
 * @param {number[]} shape of the picture: height, width, channels
 * @param {number[]} size of the window: rows, columns
 * @param {number[]} strides down and across
 * @param {"valid" | "same"} padding
 * @returns {{height: number, width: number, rows: number, columns: number, down: number,
 *   across: number, top: number, left: number, outHeight: number, outWidth: number}}
 */
export function placeWindows([height, width], [rows, columns], [down, across], padding) {
  const vertical = placeAlong(height, rows, down, padding);
  const horizontal = placeAlong(width, columns, across, padding);
  return {
    height,
    width,
    rows,
    columns,
    down,
    across,
    top: vertical.before,
    left: horizontal.before,
    outHeight: vertical.count,
    outWidth: horizontal.count,
  };
}

/** Return the window of one number that leaves; its edges may lie outside the picture. */
export function findPatch(windows, row, column) {
  return {
    top: row * windows.down - windows.top,
    left: column * windows.across - windows.left,
    rows: windows.rows,
    columns: windows.columns,
  };
}

/** Return the part of a patch that is inside the picture. */
export function clipPatch(windows, patch) {
  return {
    top: Math.max(patch.top, 0),
    left: Math.max(patch.left, 0),
    bottom: Math.min(patch.top + patch.rows, windows.height),
    right: Math.min(patch.left + patch.columns, windows.width),
  };
}

function placeAlong(side, size, step, padding) {
  if (padding === "valid") return { before: 0, count: Math.floor((side - size) / step) + 1 };
  const count = Math.ceil(side / step);
  const missing = Math.max((count - 1) * step + size - side, 0);
  return { before: Math.floor(missing / 2), count };
}

/** Call `visit(position, place, tap)` for each number of each window inside the picture. */
export function eachTap(windows, visit) {
  for (let row = 0; row < windows.outHeight; row++) {
    for (let column = 0; column < windows.outWidth; column++) {
      const patch = findPatch(windows, row, column);
      const inside = clipPatch(windows, patch);
      for (let y = inside.top; y < inside.bottom; y++) {
        for (let x = inside.left; x < inside.right; x++) {
          const tap = (y - patch.top) * windows.columns + (x - patch.left);
          visit(row * windows.outWidth + column, y * windows.width + x, tap);
        }
      }
    }
  }
}
