import { useMemo } from 'preact/hooks';
import { askFirst, runNode, useMayWrite } from '../app/actions.ts';
import { useData } from '../app/data.ts';
import { goTo, useNow } from '../app/navigation.ts';
import { Action, Link, MarkText, NodeLink, Polite } from '../app/parts.tsx';
import { filters, found, matrix } from '../model/find.ts';
import { because, type Mark, type Moment, sortedWorstFirst } from '../model/freshness.ts';
import type { Node } from '../model/graph.ts';
import { momentOf } from '../model/live.ts';
import { timeOfDay } from '../model/times.ts';
import { visible } from '../model/visible.ts';
import { HeldBases } from './held.tsx';
import { VirtualList } from './list.tsx';
import { Waves } from './waves.tsx';

const attentionShown = 5;

/** The start: what needs a person, what is on the way, everything counted, and any image found. */
export function ImagesView({ find, show }: { find: string; show: string }) {
  const { nodes, marked, live, asOf } = useData();
  const moment = momentOf(live, useNow(10_000));
  const sorted = useMemo(() => sortedWorstFirst(nodes.values(), marked), [nodes, marked]);
  if (nodes.size === 0) return <NoTasks />;
  const attention = sorted.filter((node) => marked.get(node)!.needsAttention);
  return (
    <>
      <h1 class="spoken">Images</h1>
      <Attention {...{ attention, marked, moment, asOf }} all={nodes.size} />
      <HeldBases />
      <Waves now={moment.now} />
      <Matrix nodes={sorted} marked={marked} />
      <Finder {...{ sorted, marked, moment, find, show }} />
    </>
  );
}

const NoTasks = () => (
  <>
    <h1>Images</h1>
    <p>
      No tasks yet. Make one: <code>az acr task create …</code> or <code>PUT …/tasks/NAME</code>. It appears
      here at once, and its base images after its first run.
    </p>
  </>
);

interface Attended {
  attention: Node[];
  marked: Map<Node, Mark>;
  moment: Moment;
  asOf: number;
  all: number;
}

function Attention({ attention, marked, moment, asOf, all }: Attended) {
  const mayWrite = useMayWrite();
  const isQuiet = [...marked.values()].every(({ id }) => ['fresh', 'outside'].includes(id));
  return (
    <section aria-labelledby="attention">
      <h2 id="attention">
        Attention{' '}
        {attention.length > 0 && (
          <small>
            {Math.min(attentionShown, attention.length)} of {attention.length} ·{' '}
            <Link to={{ view: 'images', find: '', show: 'attention' }}>all that need it</Link>
          </small>
        )}
      </h2>
      {attention.length === 0 && (
        <p>
          Nothing needs you.
          {isQuiet && ` Every image stands on the newest bases, looked at ${timeOfDay(asOf)}.`}
        </p>
      )}
      <ul class="rows">
        {attention.slice(0, attentionShown).map((node) => (
          <li key={node.key}>
            <MarkText node={node} mark={marked.get(node)!} moment={moment} /> <NodeLink node={node} />{' '}
            <span class="quiet">{visible(because(node, marked.get(node)!) ?? '')}</span>{' '}
            {mayWrite && (
              <Action title="Run" about={node.title} ask={() => askFirst(node)} act={() => runNode(node)} />
            )}
          </li>
        ))}
      </ul>
      <Polite text={`${attention.length} of ${all} images need attention`} />
    </section>
  );
}

function Matrix({ nodes, marked }: { nodes: Node[]; marked: Map<Node, Mark> }) {
  const rows = useMemo(() => matrix(nodes, marked), [nodes, marked]);
  const waves = rows[0]?.cells.length ?? 0;
  return (
    <section aria-labelledby="matrix">
      <h2 id="matrix">All images by registry and wave</h2>
      <div class="wide" tabIndex={0} role="region" aria-label="Table of registries and waves">
        <table>
          <thead>
            <tr>
              <th scope="col">Registry</th>
              {Array.from({ length: waves }, (_, wave) => (
                <th scope="col" key={wave}>
                  {wave === 0 ? 'From outside' : `Wave ${wave}`}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ registry, cells }) => (
              <tr key={registry}>
                <th scope="row">
                  <Link to={{ view: 'images', find: `${registry}/`, show: '' }}>{visible(registry)}</Link>
                </th>
                {cells.map(({ total, counts }, wave) => (
                  <td key={wave}>
                    {total > 0 && total}
                    {counts.map(({ mark, count }) => (
                      <span class={`mark ${mark.tone ?? ''}`} key={mark.id} title={mark.title}>
                        {' '}
                        <span aria-hidden="true">{mark.shape}</span>
                        {count}
                        <span class="spoken"> {mark.title}</span>
                      </span>
                    ))}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

interface Finding {
  sorted: Node[];
  marked: Map<Node, Mark>;
  moment: Moment;
  find: string;
  show: string;
}

function Finder({ sorted, marked, moment, find, show }: Finding) {
  const hits = useMemo(() => found(sorted, marked, find, show), [sorted, marked, find, show]);
  const set = (next: { find?: string; show?: string }) =>
    goTo({ view: 'images', find, show, ...next }, 'replace');
  return (
    <section aria-label="Find an image">
      <p class="finder">
        <label>
          Find an image{' '}
          <input
            type="search"
            value={find}
            onInput={({ currentTarget }) => set({ find: currentTarget.value })}
          />
        </label>{' '}
        <label>
          Show{' '}
          <select value={show} onChange={({ currentTarget }) => set({ show: currentTarget.value })}>
            {filters.map(({ id, title }) => (
              <option key={id} value={id}>
                {title}
              </option>
            ))}
          </select>
        </label>{' '}
        <span>
          {hits.length} of {sorted.length}
        </span>
      </p>
      {hits.length === 0 ? (
        <p>
          No image{' '}
          {find &&
            `has ${find
              .trim()
              .split(/\s+/)
              .map((word) => `'${visible(word)}'`)
              .join(' and ')}`}
          {find && show && ' and '}
          {show && `is ${filters.find(({ id }) => id === show)?.title ?? visible(show)}`}.{' '}
          <Link to={{ view: 'images', find: '', show: '' }}>Show all</Link>
        </p>
      ) : (
        <VirtualList
          count={hits.length}
          label="Images"
          row={(index) => {
            const node = hits[index]!;
            return (
              <>
                <span role="cell" class="where">
                  <NodeLink node={node} />
                </span>
                <span role="cell">
                  <MarkText node={node} mark={marked.get(node)!} moment={moment} />
                </span>
                <span role="cell" class="quiet">
                  stands on {node.above.length}
                </span>
                <span role="cell" class="quiet">
                  {node.below.length} stand on it
                </span>
              </>
            );
          }}
        />
      )}
      <Polite text={`${hits.length} of ${sorted.length} images are shown`} />
    </section>
  );
}
