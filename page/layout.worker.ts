import dagre from '@dagrejs/dagre';
import type { Drawing, ToLayOut } from './model/layout.ts';

/** Columns are the waves: the rank of a box is given, not worked out. */
function layOut({ boxes, edges, width, height }: ToLayOut): Drawing {
  const graph = new dagre.graphlib.Graph();
  graph.setGraph({ rankdir: 'LR', ranker: 'none', nodesep: 10, ranksep: 36 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { id, column } of boxes) graph.setNode(id, { width, height, rank: 2 * column });
  for (const { from, to } of edges) graph.setEdge(from, to);
  dagre.layout(graph);
  const at = (id: string) => graph.node(id) as { x: number; y: number };
  return {
    places: boxes.map(({ id }) => ({ id, x: at(id).x - width / 2, y: at(id).y - height / 2 })),
    // From the middle of a side to the middle of a side, by the way that was found between.
    lines: edges.map(({ from, to }) => ({
      from,
      to,
      points: [
        { x: at(from).x + width / 2, y: at(from).y },
        ...(graph.edge(from, to) as { points: { x: number; y: number }[] }).points.slice(1, -1),
        { x: at(to).x - width / 2, y: at(to).y },
      ],
    })),
  };
}

addEventListener('message', ({ data }: MessageEvent<ToLayOut>) => {
  try {
    postMessage({ ask: data.ask, drawing: layOut(data) });
  } catch {
    // The page then draws plain columns.
    postMessage({ ask: data.ask });
  }
});
