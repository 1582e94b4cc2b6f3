import type { Base, Node } from './graph.ts';

/** Boxes that are drawn at once, those that one parent gets below it, and levels down: more cannot be read. */
const limits = { boxes: 200, siblings: 8, down: 2 };

/** What is drawn around one node; what is left out is counted where it would be. */
export interface Cut {
  nodes: Node[];
  edges: { from: Node; to: Node; base: Base }[];
  /** What is built on a node and is not drawn. */
  more: { below: Node; hidden: Node[] }[];
  /** How many of those that the node is built on are not drawn. */
  hiddenAbove: number;
}

/**
 * A node's neighbourhood: all that it is built on, two levels of what is built on it, the worst first. Pure.
 * @param worse orders nodes, the worst first
 */
export function cutAround(center: Node, worse: (a: Node, b: Node) => number): Cut {
  const drawn = new Set([center]);
  let hiddenAbove = 0;
  for (const node of upwards(center)) {
    if (drawn.size < limits.boxes) drawn.add(node);
    else if (!drawn.has(node)) hiddenAbove++;
  }
  const more: Cut['more'] = [];
  let level = [center];
  for (let depth = 0; depth < limits.down; depth++) {
    const next: Node[] = [];
    for (const node of level) {
      const children = [...new Set(node.below.map(({ node: child }) => child))]
        .filter((child) => !drawn.has(child))
        .sort(worse);
      const room = Math.max(0, Math.min(limits.siblings, limits.boxes - drawn.size));
      for (const child of children.slice(0, room)) drawn.add(child);
      next.push(...children.slice(0, room));
      if (children.length > room) more.push({ below: node, hidden: children.slice(room) });
    }
    level = next;
  }
  for (const node of level) {
    const hidden = [...new Set(node.below.map(({ node: child }) => child))].filter((one) => !drawn.has(one));
    if (hidden.length > 0) more.push({ below: node, hidden });
  }
  const nodes = [...drawn];
  const edges = nodes.flatMap((to) =>
    to.above.filter(({ node }) => drawn.has(node)).map(({ node: from, base }) => ({ from, to, base })),
  );
  return {
    nodes,
    edges,
    more: more.map(({ below, hidden }) => ({ below, hidden: hidden.filter((one) => !drawn.has(one)) })),
    hiddenAbove,
  };
}

/** Nearest first. */
function upwards(center: Node): Node[] {
  const found = new Set<Node>();
  const open = [center];
  for (let at = 0; at < open.length; at++)
    for (const { node } of open[at]!.above)
      if (node !== center && !found.has(node)) {
        found.add(node);
        open.push(node);
      }
  return [...found];
}
