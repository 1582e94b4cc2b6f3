import { useMemo } from 'preact/hooks';
import { planOf } from '../../shared/graph/planOf.ts';
import { useData } from '../app/data.ts';
import { Link, Name } from '../app/parts.tsx';
import type { Base } from '../model/graph.ts';
import { openPushes, type RunSeen, runsOf } from '../model/live.ts';
import { progressOf, wordsOf } from '../model/progress.ts';

/** Pushes whose runs are not all over, with how far each rebuild is. */
export function Waves() {
  const { live, states } = useData();
  const pushes = [...openPushes(live)];
  if (pushes.length === 0) return null;
  const told = new Map(
    states.flatMap(({ bases }) =>
      bases.flatMap((base) => (base.newer?.push ? [[base.newer.push, base] as const] : [])),
    ),
  );
  return (
    <section aria-labelledby="waves">
      <h2 id="waves">Waves now</h2>
      <ul class="rows">
        {pushes.map(([id, runs]) => (
          <li key={id}>
            <Link to={{ view: 'push', id }}>
              <Name text={told.get(id)?.image ?? `Push ${id}`} />
            </Link>{' '}
            <HowFar base={told.get(id)} runs={runs} />
          </li>
        ))}
      </ul>
    </section>
  );
}

/** By the wave where the push's image is known from what is not built on it yet, else by its open runs. */
function HowFar({ base, runs }: { base: Base | undefined; runs: RunSeen[] }) {
  const { states, nodes, live, registries } = useData();
  const image = base?.image ?? '';
  const plan = useMemo(() => planOf(states, [image], registries?.runsAtOnce ?? 1), [states, image]);
  if (base?.newer && plan.waves.length > 0) {
    const push = { image, digest: base.newer.digest, timestamp: base.newer.at };
    return <>{wordsOf(progressOf(plan, nodes, push, { runs: runsOf(live), now: Date.now() }))}</>;
  }
  const queued = runs.filter(({ status }) => status === 'Queued').length;
  return (
    <>
      {queued} queued, {runs.length - queued} running
    </>
  );
}
