import type { Run } from '../../../shared/model/run.ts';
import { formatRunId } from '../../../shared/names/runId.ts';
import { type EngineRun, RunEngineError } from '../../../shared/ports/runEngine.ts';
import { sampleRun, sampleState, sampleTask } from '../../doubles/storeContract.ts';
import { createWorld, type World } from '../../worlds/world.ts';

export const registry = 'appacr';
export const runId = formatRunId(registry, 1);
const begun = Date.parse('2026-11-23T10:00:00.000Z');
export const at = (seconds: number) => new Date(begun + seconds * 1000).toISOString();
/** A run whose newest message is `at(0)`, six questions after its start, and whose creation says nothing. */
export const followed: Run = {
  ...sampleRun(registry, runId, 'app'),
  ...{ status: 'Running', createTime: at(-90_000), startTime: at(-50), engineRunId: 'e1' },
  ...{ followAt: at(0), followCount: 5 },
};
export const goes: EngineRun = { runId: 'e1', status: 'Running', outputImages: [] };
export const outputImages = [
  { registry: 'appacr.azurecr.io', repository: 'app', tag: '1', digest: 'sha256:a' },
];
export const busy = (retryAfter?: number) =>
  new RunEngineError('busy', { transient: true, ...(retryAfter !== undefined && { retryAfter }) });

/** What is around the run. */
export interface Around {
  /** What the engine says; undefined: it does not know the run. */
  engine: EngineRun | Error | undefined;
  runsPerRegistry?: number;
  given?: (world: World) => void;
}

/** The world of the run, with what was asked of the engine and each line of the log with its facts. */
export async function followedWorld(run: Run, { engine, runsPerRegistry = 10, given }: Around) {
  const world = createWorld({ registries: [registry], runsPerRegistry });
  const own = sampleState(registry, 'app');
  await world.ports.store.commit(registry, [
    { put: 'run', value: run },
    { put: 'task', value: sampleTask(registry, 'app') },
    {
      put: 'state',
      value: { ...own, open: [{ runId, phase: 'Pinned', automatic: false, canonical: true }] },
    },
    { put: 'pace', value: { registry, running: [runId] } },
  ]);
  const seen = { cancels: 0, questions: 0, lines: [] as [text: string, facts: object | undefined][] };
  world.ports.engine.run = async () => {
    seen.questions++;
    if (engine instanceof Error) throw engine;
    return engine;
  };
  world.ports.engine.cancel = async () => void seen.cancels++;
  world.ports.log = (_, text, facts) => void seen.lines.push([text, facts]);
  given?.(world);
  return { world, seen };
}
export const rowOf = async (world: World) => (await world.ports.store.run(registry, runId))?.value;
export const message = { registry, runId, at: at(0) };
export const follows = (world: World) =>
  world.messages.flatMap(({ queue, body, due }) =>
    queue === 'follow' ? [{ ...body, in: (due - begun) / 1000 }] : [],
  );
/** Without what is undefined, as a row is stored. */
export const asStored = (run: object) => JSON.parse(JSON.stringify(run)) as Run;
