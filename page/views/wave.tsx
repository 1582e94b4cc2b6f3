import { useData } from '../app/data.ts';
import { MarkText, NodeLink, RunOf } from '../app/parts.tsx';
import type { Moment } from '../model/freshness.ts';
import type { Node } from '../model/graph.ts';
import { VirtualList } from './list.tsx';

const listed = 24;

/** The tasks of one wave: a long one is folded, and a list of which only what is seen is drawn. */
export function WaveTasks({ nodes, moment, open }: { nodes: Node[]; moment: Moment; open: boolean }) {
  const { marked } = useData();
  const row = (node: Node) => (
    <>
      <MarkText node={node} mark={marked.get(node)!} moment={moment} /> <NodeLink node={node} />
      {node.task && <RunOf registry={node.task.registry} runId={node.task.open[0]?.runId} />}
    </>
  );
  return (
    <details open={open && nodes.length <= listed}>
      <summary>{nodes.length === 1 ? '1 image' : `${nodes.length} images`}</summary>
      {nodes.length > listed ? (
        <VirtualList
          count={nodes.length}
          label="Images of this wave"
          row={(index) => <span role="cell">{row(nodes[index]!)}</span>}
        />
      ) : (
        <ul class="rows columns">
          {nodes.map((node) => (
            <li key={node.key}>{row(node)}</li>
          ))}
        </ul>
      )}
    </details>
  );
}
