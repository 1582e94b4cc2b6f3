import { useMemo } from 'preact/hooks';
import { planOf } from '../../shared/graph/planOf.ts';
import { useData } from '../app/data.ts';
import { Link, Name } from '../app/parts.tsx';
import { runsOf } from '../model/live.ts';
import { openPushes } from '../model/origins.ts';
import { progressOf, wordsOf } from '../model/progress.ts';
import { at } from '../model/times.ts';

const listed = 10;
type OpenPush = ReturnType<typeof openPushes>[number];

/** Pushes whose runs are not all over, with how far each rebuild is. */
export function Waves({ now }: { now: number }) {
  const { live, nodes } = useData();
  const pushes = useMemo(() => openPushes(live, nodes), [live, nodes]);
  if (pushes.length === 0) return null;
  return (
    <section aria-labelledby="waves">
      <h2 id="waves">Waves now</h2>
      <ul class="rows">
        {pushes.slice(0, listed).map((push) => (
          <li key={push.id}>
            <Link to={{ view: 'push', id: push.id }}>
              <Name text={push.pushed?.image ?? `Push ${push.id}`} />
            </Link>
            {push.pushed && `, pushed ${at(push.pushed.time, now)}`}: <HowFar push={push} now={now} />
          </li>
        ))}
      </ul>
      {pushes.length > listed && <p>{pushes.length - listed} more are not listed.</p>}
    </section>
  );
}

/** By the waves of what the push rebuilds; where none of that is known any more, by its open runs. */
function HowFar({ push: { pushed, runs }, now }: { push: OpenPush; now: number }) {
  const { states, nodes, live, registries } = useData();
  const image = pushed?.image ?? '';
  const plan = useMemo(() => planOf(states, [image], registries?.runsAtOnce ?? 1), [states, image]);
  if (pushed && plan.waves.length > 0) {
    const push = { ...pushed, timestamp: pushed.time };
    return <>{wordsOf(progressOf(plan, nodes, push, { runs: runsOf(live), now }), now)}</>;
  }
  const queued = runs.filter(({ status }) => status === 'Queued').length;
  return (
    <>
      {queued} queued, {runs.length - queued} running
    </>
  );
}
