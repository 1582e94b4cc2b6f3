import { useMemo } from 'preact/hooks';
import { planOf } from '../../shared/graph/planOf.ts';
import { useAnswer } from '../app/answer.ts';
import { useData } from '../app/data.ts';
import { useNow } from '../app/navigation.ts';
import { Link, Name, NodeLink, NotRead, RunOf, VerdictText } from '../app/parts.tsx';
import { escapedPart } from '../app/routes.ts';
import { short } from '../model/freshness.ts';
import { taskNode } from '../model/graph.ts';
import { momentOf, runsOf } from '../model/live.ts';
import { progressOf, wordsOf } from '../model/progress.ts';
import { aboutTime } from '../model/times.ts';
import { groups, verdictOf } from '../model/verdicts.ts';
import { visible } from '../model/visible.ts';
import { WaveTasks } from './wave.tsx';

interface Decision {
  push: { id: string; image: string; digest: string; timestamp: string };
  registry: string;
  task: string;
  verdict: string;
  reason: string;
  runId?: string;
}

/** Why a push rebuilt what it did, why it did not, and how far that is: a wave in progress is this same page. */
export function PushView({ id }: { id: string }) {
  const { registries, asOf } = useData();
  const [first] = registries?.registries ?? [];
  const { value, error } = useAnswer<{ value: Decision[] }>(
    first && `/registries/${escapedPart(first.name)}/pushes/${escapedPart(id)}`,
    asOf,
  );
  if (error?.status === 404 || value?.value.length === 0)
    return (
      <>
        <h1>Push</h1>
        <p>
          No decision is recorded for this event: nobody stood on its image, or it is older than 90 days.{' '}
          <Link to={{ view: 'pushes', day: '' }}>Pushes of today</Link>
        </p>
      </>
    );
  if (!value) return <NotRead title="Push" error={error} />;
  const { push } = value.value[0]!;
  return (
    <>
      <p>
        <Link to={{ view: 'pushes', day: push.timestamp.slice(0, 10) }}>‹ All pushes of its day</Link>
      </p>
      <h1>
        Push <Name text={push.image} /> → {short(push.digest)}
      </h1>
      <p>
        {new Date(push.timestamp).toLocaleString('en-GB')}, event <Name text={push.id} />{' '}
        <Link to={{ view: 'image', image: push.image }}>its image</Link>
      </p>
      {error && <p class="trouble">{visible(error.message)}</p>}
      <Wave decisions={value.value} />
      <Decisions decisions={value.value} />
    </>
  );
}

function Wave({ decisions }: { decisions: Decision[] }) {
  const { states, nodes, live, registries } = useData();
  const now = useNow(2000);
  const { push } = decisions[0]!;
  const plan = useMemo(() => planOf(states, [push.image], registries?.runsAtOnce ?? 1), [states, push.image]);
  if (plan.waves.length === 0) return null;
  const progress = progressOf(plan, nodes, push, { runs: runsOf(live), now });
  const moment = momentOf(live, now);
  return (
    <section aria-label="Waves">
      <p>
        <strong>{wordsOf(progress, now)}</strong>
      </p>
      {progress.waves.map(({ tasks, secondsLeft }, index) => {
        const built = tasks.filter(({ step }) => step === 'built').length;
        return (
          <section key={index} aria-label={`Wave ${index + 1}`}>
            <h2>
              Wave {index + 1}{' '}
              <small>
                {progress.current !== undefined && index + 1 > progress.current
                  ? `waits for wave ${index}`
                  : `${built} of ${tasks.length}`}
                {!!secondsLeft && index + 1 === progress.current && `, ${aboutTime(secondsLeft)} left`}
              </small>{' '}
              <progress value={built} max={tasks.length} aria-label={`Wave ${index + 1}: built`} />
            </h2>
            <WaveTasks
              nodes={tasks.map(({ node }) => node)}
              moment={moment}
              open={index + 1 === progress.current || progress.waves.length === 1}
            />
          </section>
        );
      })}
    </section>
  );
}

function Decisions({ decisions }: { decisions: Decision[] }) {
  return (
    <>
      {groups.map(({ id, title, says }) => {
        const own = decisions.filter(({ verdict }) => verdictOf(verdict).group === id);
        if (own.length === 0) return null;
        return (
          <section key={id} aria-labelledby={id}>
            <h2 id={id}>
              {title} <small>{`${own.length} ${says}`.trim()}</small>
            </h2>
            <Rows decisions={own} />
          </section>
        );
      })}
    </>
  );
}

const most = 500;

function Rows({ decisions }: { decisions: Decision[] }) {
  const { nodes } = useData();
  return (
    <>
      <ul class="rows">
        {decisions.slice(0, most).map(({ registry, task, verdict, reason, runId }) => {
          const node = nodes.get(taskNode(registry, task));
          return (
            <li key={`${registry}/${task}`}>
              {node ? <NodeLink node={node} /> : <Name text={`${registry}/${task}`} />}{' '}
              <VerdictText verdict={verdict} />
              <RunOf registry={registry} runId={runId} />: {visible(reason)}
            </li>
          );
        })}
      </ul>
      {decisions.length > most && <p>{decisions.length - most} more are not listed.</p>}
    </>
  );
}
