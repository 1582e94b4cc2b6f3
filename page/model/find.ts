import { type Mark, marks } from './freshness.ts';
import type { Node } from './graph.ts';

/** Filters of the list: `attention`, or the id of a mark; any other shows all. */
export const filters = [
  { id: '', title: 'all' },
  { id: 'attention', title: 'what needs attention' },
  ...marks.map(({ id, title }) => ({ id, title })),
];

/** Nodes whose name has all words, and that the filter shows. Pure. */
export function found(nodes: readonly Node[], marked: Map<Node, Mark>, find: string, show: string): Node[] {
  const words = find.toLowerCase().split(/\s+/).filter(Boolean);
  const isMark = marks.some((mark) => mark.id === show);
  if (words.length === 0 && !isMark && show !== 'attention') return [...nodes];
  const isShown = ({ id, needsAttention }: Mark) =>
    show === 'attention' ? needsAttention === true : !isMark || id === show;
  return nodes.filter((node) => {
    if (!isShown(marked.get(node)!)) return false;
    const name = `${node.registry}/${node.title} ${node.task?.task ?? ''}`.toLowerCase();
    return words.every((word) => name.includes(word));
  });
}

/** How many of each mark are in a registry's wave. */
interface Cell {
  total: number;
  counts: { mark: Mark; count: number }[];
}

/** Registries by name, what comes from outside first, and the cells of their waves. Pure. */
export function matrix(
  nodes: readonly Node[],
  marked: Map<Node, Mark>,
): { registry: string; cells: Cell[] }[] {
  const waves = Math.max(0, ...nodes.map(({ wave }) => wave)) + 1;
  const rows = new Map<string, Map<Mark, number>[]>();
  for (const node of nodes) {
    const row = rows.get(node.registry) ?? Array.from({ length: waves }, () => new Map<Mark, number>());
    rows.set(node.registry, row);
    const mark = marked.get(node)!;
    row[node.wave]!.set(mark, (row[node.wave]!.get(mark) ?? 0) + 1);
  }
  return [...rows]
    .map(([registry, row]) => ({
      registry,
      cells: row.map((counts) => ({
        total: [...counts.values()].reduce((sum, count) => sum + count, 0),
        counts: marks.flatMap((mark) => {
          const count = counts.get(mark);
          return count && !['fresh', 'outside'].includes(mark.id) ? [{ mark, count }] : [];
        }),
      })),
    }))
    .sort((a, b) => firstWave(a.cells) - firstWave(b.cells) || (a.registry < b.registry ? -1 : 1));
}

const firstWave = (cells: Cell[]) => cells.findIndex(({ total }) => total > 0);
