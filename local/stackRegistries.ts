import { join } from 'node:path';
import type { EventGrid } from './eventGrid/eventGrid.ts';
import type { Entra, LocalIdentity } from './identity/entra.ts';
import { registryId } from './identity/resourceIds.ts';
import type { Roles } from './identity/roles.ts';
import type { Tls } from './machine/tls.ts';
import { type Registry, type RegistryOptions, startRegistry } from './registry/registry.ts';

interface RegistriesOptions {
  names: string[];
  /** Those on which the app may pull from the start. */
  pull: string[];
  /** Who the engine is to the registries, and the app's identity. */
  builder: LocalIdentity;
  plinth: LocalIdentity;
  eventGrid: EventGrid;
  tls: Tls;
  entra: Entra;
  roles: Roles;
  dir: string;
  /** More options of each. */
  each: () => Partial<RegistryOptions>;
  /** Told of each that has started, so that it is stopped whatever becomes of the others. */
  started: (registry: Registry) => Registry;
}

/**
 * The stack's registries, each with the roles that its own run engine has and that infra/ grants the app.
 * @returns them by name, in the order of the names
 */
export async function startRegistries(options: RegistriesOptions): Promise<Record<string, Registry>> {
  const { names, pull, builder, plinth, eventGrid, tls, entra, roles, dir, each, started } = options;
  const starts = await Promise.allSettled(
    names.map(async (name) => {
      const resourceId = registryId(name);
      const registry = started(
        await startRegistry({
          ...{ name, resourceId, loginServer: `${name}.azurecr.io`, tls, entra, roles },
          dir: join(dir, 'registries', name),
          notifications: { url: eventGrid.notificationUrl(name), secret: eventGrid.notificationSecret },
          ...each(),
        }),
      );
      const assign = ({ principalId }: LocalIdentity, role: string) =>
        roles.assign({ scope: resourceId, principalId, role });
      assign(builder, 'AcrPush');
      assign(plinth, 'Container Registry Tasks Contributor');
      if (pull.includes(name)) assign(plinth, 'AcrPull');
      return [name, registry] as const;
    }),
  );
  // Not before all of them: what still starts would be stopped by nobody.
  return Object.fromEntries(
    starts.map((start) => {
      if (start.status === 'rejected') throw start.reason;
      return start.value;
    }),
  );
}
