import { useEffect, useState } from 'preact/hooks';
import type { LiveAnswer } from '../../shared/graph/answers.ts';
import { askFirst, runNode, useMayWrite } from '../app/actions.ts';
import { useAnswer } from '../app/answer.ts';
import { useData } from '../app/data.ts';
import { useNow } from '../app/navigation.ts';
import { Action, Link, MarkText, Name, NodeLink, RunOf, VerdictText } from '../app/parts.tsx';
import { escapedPart } from '../app/routes.ts';
import { because, type Mark, type Moment, short, worstFirst } from '../model/freshness.ts';
import { allBelow, type Node, nodeOfImage, taskNode } from '../model/graph.ts';
import { momentOf, runsOf } from '../model/live.ts';
import { at, clockTime, duration } from '../model/times.ts';
import { visible } from '../model/visible.ts';
import { Graph } from './drawing.tsx';
import { AsBase } from './held.tsx';
import { VirtualList } from './list.tsx';

/** Below this a drawing cannot be read: lists say the same. */
const narrow = matchMedia('(max-width: 640px)');

function useNarrow(): boolean {
  const [is, set] = useState(narrow.matches);
  useEffect(() => {
    const watch = () => set(narrow.matches);
    narrow.addEventListener('change', watch);
    return () => narrow.removeEventListener('change', watch);
  }, []);
  return is;
}

/** One image: what it stands on, what stands on it, how fresh it is, why, and its runs. */
export function ImageView(wanted: { image: string } | { registry: string; task: string }) {
  const { nodes, marked, live } = useData();
  const moment = momentOf(live, useNow(5_000));
  const isNarrow = useNarrow();
  const mayWrite = useMayWrite();
  const node =
    'image' in wanted ? nodeOfImage(nodes, wanted.image) : nodes.get(taskNode(wanted.registry, wanted.task));
  if (!node)
    return (
      <>
        <h1>Not known</h1>
        Nothing here is called{' '}
        <Name text={'image' in wanted ? wanted.image : `${wanted.registry}/${wanted.task}`} />.{' '}
        <Link to={{ view: 'images', find: '', show: '' }}>All images</Link>
      </>
    );
  const mark = marked.get(node)!;
  const image = node.task?.outputs[0] ?? (node.task ? undefined : node.key.slice('image '.length));
  return (
    <>
      <p>
        <Link to={{ view: 'images', find: '', show: '' }}>‹ All images</Link>
      </p>
      <h1>
        <Name text={node.title} /> in <Name text={node.registry} />{' '}
        <MarkText node={node} mark={mark} moment={moment} />
      </h1>
      <p class="bar">
        {node.task && mayWrite && (
          // Of this image: what was asked or said of another one is gone with it.
          <Action
            key={node.key}
            title="Run"
            about={node.title}
            ask={() => askFirst(node)}
            act={() => runNode(node)}
          />
        )}{' '}
        {image && <Link to={{ view: 'what-if', image }}>What if it were pushed</Link>}
      </p>
      <p>{visible(because(node, mark) ?? '')}</p>
      <p>{visible(waitsOf(node, live, moment.now))}</p>
      {!isNarrow && <Graph center={node} marked={marked} moment={moment} />}
      <StandsOn node={node} marked={marked} moment={moment} />
      <StandOnIt node={node} marked={marked} moment={moment} />
      <AsBase node={node} />
      {node.task && <Why node={node} now={moment.now} />}
      {node.task && <Runs node={node} now={moment.now} />}
    </>
  );
}

/** What its queued run waits for, when it is tried next, and when for the last time. */
function waitsOf({ task }: Node, live: LiveAnswer | undefined, now: number): string {
  const queued = task?.open.find(({ phase }) => phase === 'Queued');
  const run = runsOf(live).find(
    ({ registry, runId }) => registry === task?.registry && runId === queued?.runId,
  );
  if (!run?.waits) return '';
  const next = run.nextTry ? `; next try ${at(run.nextTry, now)}` : '';
  const last = run.givenUpAt ? `, the last ${at(run.givenUpAt, now)}` : '';
  return `Run ${run.runId} ${run.waits}${next}${last}.`;
}

interface Given {
  node: Node;
  marked: Map<Node, Mark>;
  moment: Moment;
}

function StandsOn({ node, marked, moment }: Given) {
  if (node.above.length === 0) return null;
  return (
    <section aria-labelledby="stands-on">
      <h2 id="stands-on">Stands on</h2>
      <ul class="rows">
        {node.above.map(({ node: above, base }) => (
          <li key={`${above.key} ${base.image} ${base.type}`}>
            <MarkText node={above} mark={marked.get(above)!} moment={moment} /> <NodeLink node={above} />{' '}
            <span class="quiet">
              {base.type === 'BuildTime' && 'in a build stage, '}
              {base.newer
                ? `stale since ${at(base.newer.since, moment.now)} (${duration(moment.now - Date.parse(base.newer.since))}): built on ${short(base.digest)}, now ${short(base.newer.digest)}`
                : `built on ${short(base.digest)}`}
              {node.unseen?.image === base.image && `; could not be looked at: ${visible(node.unseen.why)}`}
            </span>{' '}
            {base.newer?.push && <Link to={{ view: 'push', id: base.newer.push }}>its push</Link>}
          </li>
        ))}
      </ul>
    </section>
  );
}

function StandOnIt({ node, marked, moment }: Given) {
  const below = [...new Set(node.below.map(({ node: one }) => one))].sort(worstFirst(marked));
  if (below.length === 0) return null;
  return (
    <section aria-labelledby="stand-on-it">
      <h2 id="stand-on-it">
        Stand on it{' '}
        <small>
          {below.length}, and {allBelow(node).size} with those further down
        </small>
      </h2>
      <VirtualList
        count={below.length}
        label="Images that stand on it"
        row={(index) => (
          <>
            <span role="cell" class="where">
              <NodeLink node={below[index]!} />
            </span>
            <span role="cell">
              <MarkText node={below[index]!} mark={marked.get(below[index]!)!} moment={moment} />
            </span>
          </>
        )}
      />
    </section>
  );
}

interface Decision {
  push: { id: string; image: string; digest: string; timestamp: string };
  verdict: string;
  reason: string;
  runId?: string;
}

/** Changes whenever a run of the task begins or ends. */
const versionOf = ({ task }: Node) => JSON.stringify([task?.open, task?.last]);

function Why({ node, now }: { node: Node; now: number }) {
  const { registry, task } = node.task!;
  const path = `/registries/${escapedPart(registry)}/tasks/${escapedPart(task)}/decisions?$top=10`;
  const { value, error } = useAnswer<{ value: Decision[] }>(path, versionOf(node));
  return (
    <section aria-labelledby="why">
      <h2 id="why">Why</h2>
      {error && <p class="trouble">{visible(error.message)}</p>}
      {value?.value.length === 0 && (
        <p>No push of its bases is recorded. It stands on what its last run read.</p>
      )}
      <ul class="rows">
        {value?.value.map(({ push, verdict, reason, runId }) => (
          <li key={push.id}>
            {at(push.timestamp, now)}{' '}
            <Link to={{ view: 'push', id: push.id }}>push of {visible(push.image)}</Link> →{' '}
            <VerdictText verdict={verdict} />
            <RunOf registry={registry} runId={runId} />: {visible(reason)}
          </li>
        ))}
      </ul>
    </section>
  );
}

interface RunRow {
  name: string;
  properties: {
    status: string;
    createTime: string;
    startTime?: string;
    finishTime?: string;
    imageUpdateTrigger?: object;
    timerTrigger?: object;
    sourceTrigger?: object;
    runErrorMessage?: string;
  };
}

function Runs({ node, now }: { node: Node; now: number }) {
  const { registry, task } = node.task!;
  const filter = escapedPart(`TaskName eq '${task}'`);
  const path = `/registries/${escapedPart(registry)}/runs?$filter=${filter}&$top=10`;
  const { value, error } = useAnswer<{ value: RunRow[] }>(path, versionOf(node));
  return (
    <section aria-labelledby="runs">
      <h2 id="runs">Runs</h2>
      {error && <p class="trouble">{visible(error.message)}</p>}
      {value?.value.length === 0 && <p>It has not been run.</p>}
      <ul class="rows">
        {value?.value.map(({ name, properties: run }) => (
          <li key={name}>
            <Link to={{ view: 'run', registry, runId: name }}>{visible(name)}</Link> {visible(run.status)}{' '}
            {at(run.createTime, now)}{' '}
            {run.startTime &&
              run.finishTime &&
              clockTime(Date.parse(run.finishTime) - Date.parse(run.startTime))}{' '}
            {triggerOf(run)} <span class="quiet">{visible(run.runErrorMessage ?? '')}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** As `az acr task list-runs` calls it. */
export function triggerOf(run: {
  imageUpdateTrigger?: object;
  timerTrigger?: object;
  sourceTrigger?: object;
}): string {
  if (run.imageUpdateTrigger) return 'Image Update';
  if (run.timerTrigger) return 'Timer';
  return run.sourceTrigger ? 'Commit' : 'Manual';
}
