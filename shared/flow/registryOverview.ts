import type { KnownRegistry, Ports } from '../ports/ports.ts';

/** A registry as Plinth sees it: where it is, and what it has to do. */
export async function registryOverview(
  own: KnownRegistry,
  { store, settings }: Pick<Ports, 'store' | 'settings'>,
) {
  const pace = await store.pace(own.name);
  const queued: { runId: string; waiting: boolean }[] = [];
  for await (const { runId, waitsFor } of store.places(own.name))
    queued.push({ runId, waiting: waitsFor !== undefined });
  return {
    id: own.id,
    name: own.name,
    type: 'Microsoft.ContainerRegistry/registries',
    properties: {
      loginServer: own.loginServer,
      runsAtOnce: settings.runsPerRegistry,
      running: pace?.value.running ?? [],
      queued,
    },
  };
}
