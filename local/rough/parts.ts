import type { Tls } from '../machine/tls.ts';
import { classicBuilder } from './builder.ts';
import { startRoughEngine } from './engine.ts';
import { roughEvents } from './events.ts';
import { roughRegistry } from './registry.ts';
import type { Rough } from './rough.ts';
import { roughStorage } from './storage.ts';

/** Minutes from a role's assignment until it counts. */
const roleMinutes = 3;

/**
 * What each part of the stack is given to be as rough as told.
 * @param home the principal whose pushes and reads meet no replica: the person at the registry's own region
 */
export function roughParts(rough: Rough, home: string) {
  return {
    roles: {
      delayMs: () => (rough.isOn('lateRoles') ? rough.ms(roleMinutes) : 0),
      refused: () => rough.count('lateRoles'),
    },
    /** For each registry anew: what it remembers is its own. */
    registry: () => ({
      between: roughRegistry(rough, home),
      tokenLife: (seconds: number) =>
        rough.meets('registryTokensEnd') ? rough.ms(seconds / 60) / 1000 : seconds,
    }),
    identityEndpoint: {
      refuses: () => (rough.meets('identityBusy') ? [429, 500][rough.draw('identityBusy', 2)] : undefined),
    },
    storage: { fate: roughStorage(rough) },
    events: { plan: roughEvents(rough) },
    engine: { builder: classicBuilder(rough) },
    /** What the app takes for Resource Manager. */
    resourceManager: (engineUrl: string, tls: Tls) => startRoughEngine(engineUrl, tls, rough),
  };
}
