/** Where each layer stands in a drawing of the graph: one row each, branches side by side. */

/**
 * Give each layer a lane, and each connection the lane in which it runs down.
 *
 * @param {{names: string[], inputs: string[]}[]} layers in topological order; each may stand for
 *   several, by whose `names` what leaves it is known
 * @returns {{lanes: number[], edges: {from: number, to: number, lane: number}[], count: number}}
 */
export function arrangeLanes(layers) {
  const rows = new Map(layers.flatMap(({ names }, row) => names.map((name) => [name, row])));
  const consumers = layers.map(() => []);
  layers.forEach(({ inputs }, row) =>
    inputs.forEach((name) => consumers[rows.get(name)].push(row)),
  );
  const running = []; // of each lane the edge that is in it, or null
  const lanes = [];
  const edges = [];
  layers.forEach((_, row) => {
    const arriving = running.flatMap((edge, lane) => (edge?.to === row ? [lane] : []));
    const own = arriving[0] ?? findFree(running);
    arriving.forEach((lane) => (running[lane] = null));
    lanes.push(own);
    consumers[row].forEach((to, at) => {
      const lane = at === 0 ? own : findFree(running);
      edges.push((running[lane] = { from: row, to, lane }));
    });
  });
  return { lanes, edges, count: Math.max(...lanes, ...edges.map(({ lane }) => lane)) + 1 };
}

function findFree(running) {
  const free = running.findIndex((edge) => !edge);
  return free < 0 ? running.length : free;
}
