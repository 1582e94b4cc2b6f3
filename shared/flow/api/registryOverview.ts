import type { WaitingView } from '../../api/toResource.ts';
import type { KnownRegistry } from '../../model/registry.ts';
import type { Run } from '../../model/run.ts';
import type { QueuePlace, TaskState } from '../../model/state.ts';
import { without } from '../../model/without.ts';
import type { Ports } from '../../ports/ports.ts';
import { UnreadableError } from '../../ports/store.ts';
import { heldUnder } from '../overall/held.ts';
import { termsNow } from '../push/see.ts';
import { slotsOf } from '../queue/nextInQueue.ts';

/** Places that are read of a long queue. */
export const maxPlaces = 200;

/**
 * A registry's address, its queue, the base images of its tasks that are held or could not be read, and the events that
 * were ignored.
 */
export async function registryOverview(
  registry: KnownRegistry,
  ports: Pick<Ports, 'store' | 'settings' | 'clock'>,
) {
  const { store, settings } = ports;
  const [held, pace, watch, ignoredEvents, queued] = await Promise.all([
    termsNow(ports).then((terms) => heldUnder(terms, () => store.states(registry.name), ports)),
    slotsOf(registry.name, ports),
    store.scan(),
    store.ignored(),
    queuedPlaces(registry.name, ports),
  ]);
  return {
    id: registry.id,
    name: registry.name,
    type: 'Microsoft.ContainerRegistry/registries',
    properties: {
      loginServer: registry.loginServer,
      runsAtOnce: settings.runsPerRegistry,
      running: pace.value.running,
      queued,
      ...(queued.length === maxPlaces && { queuedShown: maxPlaces }),
      ...(watch && { baseImagesLookedAt: watch.value.lookedAt, publicImagesLookedAt: watch.value.polledAt }),
      baseImagesHeld: held,
      baseImagesNotSeen: watch?.value.unseen ?? [],
      notDone: Object.entries(watch?.value.faults ?? {}).flatMap(([chore, faults]) =>
        faults.map((fault) => ({ chore, ...fault })),
      ),
      ignoredEvents,
    },
  };
}

/** The first of a registry's queue, in order. */
export async function queuedPlaces(registry: string, { store }: Pick<Ports, 'store'>) {
  const queued: { runId: string; automatic: boolean; waiting: boolean }[] = [];
  for await (const { runId, automatic, waitsFor } of store.places(registry, { top: maxPlaces }))
    queued.push({ runId, automatic, waiting: waitsFor !== undefined });
  return queued;
}

/** What a task's queued run waits for, and until when; undefined where it has none that waits or can be read. */
export async function waitingRun(
  { registry, open }: Pick<TaskState, 'registry' | 'open'>,
  { store }: Pick<Ports, 'store'>,
): Promise<WaitingView | undefined> {
  const queued = open.find(({ phase }) => phase === 'Queued');
  const run = queued && (await store.run(registry, queued.runId).catch(unread))?.value;
  if (run?.status !== 'Queued' || !run.waitingFor) return undefined;
  return { runId: run.runId, ...without(run.waitingFor, 'images') };
}

function unread(error: unknown): undefined {
  if (!(error instanceof UnreadableError)) throw error;
}

/** The place of a queued run and what it waits for; undefined for a run that is not queued. */
export async function queuePlace(
  run: Run,
  ports: Pick<Ports, 'store' | 'settings'>,
): Promise<QueuePlace | undefined> {
  if (run.status !== 'Queued') return undefined;
  let position: number | undefined;
  let at = 0;
  for await (const { runId } of ports.store.places(run.registry, { top: maxPlaces })) {
    at++;
    if (runId === run.runId) position = at;
  }
  const { running } = (await slotsOf(run.registry, ports)).value;
  const full = running.length >= ports.settings.runsPerRegistry;
  const reason =
    run.waitingFor?.reason ??
    (full
      ? `waits for a place: ${running.length} of ${ports.settings.runsPerRegistry} runs of ${run.registry} are going on`
      : 'is about to start');
  return { position, reason };
}
