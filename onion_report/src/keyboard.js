/** Keys that move: within a grid of numbers, along a list, from picture to picture. */

const STEPS = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  Home: [0, -Infinity],
  End: [0, Infinity],
  PageUp: [-Infinity, 0],
  PageDown: [Infinity, 0],
};

/** Return where a key leads from a place in a grid; null for other keys. */
export function stepInGrid(event, { row, column }, { height, width }) {
  const step = isPlain(event) ? STEPS[event.key] : null;
  if (!step) return null;
  event.preventDefault();
  return { row: clamp(row + step[0], height), column: clamp(column + step[1], width) };
}

/** Return the place in a list of `count` to which a key leads; null for other keys. */
export function stepInList(event, position, count) {
  const step = isPlain(event) ? STEPS[event.key] : null;
  if (!step) return null;
  event.preventDefault();
  return clamp(position + step[0] + step[1], count);
}

/** Let arrow keys up and down lead from one button that can be seen in `node` to the next. */
export function linkButtons(node, selector) {
  node.addEventListener("keydown", (event) => {
    if (!["ArrowUp", "ArrowDown"].includes(event.key) || !event.target.matches(selector)) return;
    const buttons = [...node.querySelectorAll(selector)].filter((each) => each.checkVisibility());
    const position = buttons.indexOf(event.target);
    buttons[stepInList(event, position, buttons.length) ?? position].focus();
  });
}

/** Let arrow keys left and right call `turn(-1 | 1)` wherever nothing else wants them. */
export function turnWithKeys(turn) {
  document.addEventListener("keydown", (event) => {
    const isFree = event.target === document.body || event.target.closest?.(".layer-button");
    if (!isFree || !isPlain(event)) return;
    if (event.key === "ArrowLeft") turn(-1);
    if (event.key === "ArrowRight") turn(1);
  });
}

const isPlain = (event) => !(event.altKey || event.ctrlKey || event.metaKey || event.shiftKey);
const clamp = (position, count) => Math.max(0, Math.min(count - 1, position));
