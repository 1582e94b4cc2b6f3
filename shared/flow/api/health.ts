import type { KnownRegistry } from '../../model/registry.ts';
import type { Ports } from '../../ports/ports.ts';
import { tickLateMs } from '../../rules/timing.ts';
import { othersOf, sharedWith } from '../clock/notePresence.ts';
import { messageOf } from '../start/postpone.ts';
import { type Reached, type ReachPorts, registryReached, storageReached } from '../whatIsReached.ts';

type HealthPorts = ReachPorts & Pick<Ports, 'settings' | 'clock'>;

interface Edge {
  name: 'clock' | 'storage' | Reached['name'];
  works: boolean;
  says: string;
}

/** What the app reaches as its identity, each asked at this moment, and whether its clock ticks. It changes nothing. */
export async function health(registry: KnownRegistry, ports: HealthPorts) {
  const [ofClock, ...reached] = await Promise.all([
    clockEdges(ports),
    storageReached(ports),
    registryReached(registry, ports, true),
  ]);
  const edges = reached
    .flat()
    .map(({ name, good, error }): Edge => ({ name, works: !error, says: error ? messageOf(error) : good }));
  return { app: ports.settings.app, edges: [...ofClock, ...edges] };
}

/** Whether this app's clock ticks, and no other's on the same storage; neither is known where its rows cannot be read. */
async function clockEdges({ store, settings, clock }: HealthPorts): Promise<Edge[]> {
  let known: Awaited<ReturnType<typeof store.presences>>;
  try {
    known = await store.presences();
  } catch {
    return [];
  }
  const last = known.find(({ app }) => app === settings.app)?.tickedAt;
  const others = othersOf(known, settings.app, clock.now());
  const ticks = last !== undefined && clock.now().getTime() - Date.parse(last) < tickLateMs;
  return [
    { name: 'clock', works: ticks, says: last ? `ticked at ${last}` : 'has not ticked yet' },
    {
      name: 'storage',
      works: others.length === 0,
      says: others.length === 0 ? 'no other app works on it' : others.map(sharedWith).join('; '),
    },
  ];
}
