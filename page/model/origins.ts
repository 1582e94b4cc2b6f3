import type { LiveAnswer, LiveRun } from '../../shared/graph/answers.ts';
import type { Node } from './graph.ts';
import { isOpen, type RunSeen, runsOf } from './live.ts';

/** A push whose rebuilds are not over. */
interface OpenPush {
  id: string;
  /** Absent where no run says it. */
  pushed?: NonNullable<LiveRun['pushed']>;
  /** Open runs that it led to, over however many waves. */
  runs: RunSeen[];
}

/**
 * The pushes that began what goes on, each with the open runs that it led to. A run that was started for the image of
 * another run's task is of the push which that run was started for: so a rebuild of several waves is one. Pure.
 */
export function openPushes(live: LiveAnswer | undefined, nodes: ReadonlyMap<string, Node>): OpenPush[] {
  const runs = runsOf(live);
  const open = runs.filter((run) => run.push && isOpen(run));
  if (open.length === 0) return [];
  const makers = new Map(
    [...nodes.values()].flatMap(({ task }) => (task?.outputs ?? []).map((image) => [image, task!] as const)),
  );
  const pushes = new Map<string, OpenPush>();
  for (const run of open) {
    const { push, pushed } = firstOf(run, runs, makers);
    const known = pushes.get(push!) ?? { id: push!, ...(pushed && { pushed }), runs: [] };
    known.runs.push(run);
    pushes.set(push!, known);
  }
  return [...pushes.values()];
}

/** The clocks of a registry, the run engine and the app differ by less. */
const clocksApartMs = 60_000;

/** Up from a run, over those that made what it was started for, to one that was started for another's push. */
function firstOf(run: RunSeen, runs: RunSeen[], makers: Map<string, NonNullable<Node['task']>>): RunSeen {
  const seen = new Set([run]);
  for (let at = run; ; ) {
    const maker = makers.get(at.pushed?.image ?? '');
    const time = Date.parse(at.pushed?.time ?? '');
    const made = runs.find(
      ({ registry, task, push, createTime, finishTime }) =>
        registry === maker?.registry &&
        task === maker.task &&
        push &&
        Date.parse(createTime) <= time &&
        (!finishTime || time <= Date.parse(finishTime) + clocksApartMs),
    );
    if (!made || seen.has(made)) return at;
    seen.add(made);
    at = made;
  }
}
