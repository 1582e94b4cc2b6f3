import type { Run } from '../model/run.ts';
import type { QueuePlace } from '../model/state.ts';
import type { KnownRegistry, Ports } from '../ports/ports.ts';
import { paceOf } from './ready.ts';

/** Places that are read of a long queue. */
const mostPlaces = 200;

/** A registry as Plinth sees it: where it is, what it has to do, and what Plinth could not see or did not take. */
export async function registryOverview(own: KnownRegistry, ports: Pick<Ports, 'store' | 'settings'>) {
  const { store, settings } = ports;
  const [pace, watch, ignoredEvents] = await Promise.all([
    paceOf(own.name, ports),
    store.watch(),
    store.ignored(),
  ]);
  const queued: { runId: string; automatic: boolean; waiting: boolean }[] = [];
  for await (const { runId, automatic, waitsFor } of store.places(own.name, { top: mostPlaces }))
    queued.push({ runId, automatic, waiting: waitsFor !== undefined });
  return {
    id: own.id,
    name: own.name,
    type: 'Microsoft.ContainerRegistry/registries',
    properties: {
      loginServer: own.loginServer,
      runsAtOnce: settings.runsPerRegistry,
      running: pace.value.running,
      queued,
      ...(queued.length === mostPlaces && { queuedShown: mostPlaces }),
      ...(watch && { baseImagesLookedAt: watch.value.lookedAt, publicImagesLookedAt: watch.value.polledAt }),
      baseImagesNotSeen: watch?.value.unseen ?? [],
      notDone: Object.entries(watch?.value.faults ?? {}).flatMap(([chore, faults]) =>
        faults.map((fault) => ({ chore, ...fault })),
      ),
      ignoredEvents,
    },
  };
}

/** Where a queued run stands and what it waits for; undefined for a run that is not queued. */
export async function queuePlace(
  run: Run,
  ports: Pick<Ports, 'store' | 'settings'>,
): Promise<QueuePlace | undefined> {
  if (run.status !== 'Queued') return undefined;
  let position: number | undefined;
  let at = 0;
  for await (const { runId } of ports.store.places(run.registry, { top: mostPlaces })) {
    at++;
    if (runId === run.runId) position = at;
  }
  const { running } = (await paceOf(run.registry, ports)).value;
  const full = running.length >= ports.settings.runsPerRegistry;
  const reason =
    run.waitingFor?.reason ??
    (full
      ? `waits for a place: ${running.length} of ${ports.settings.runsPerRegistry} runs of ${run.registry} are going on`
      : 'is about to start');
  return { position, reason };
}
