import { randomUUID } from 'node:crypto';
import { Agent, fetch } from 'undici';
import { type Azure, createAzure } from '../../../infra/doctor/azure.ts';
import { startArmFront } from '../../../local/az/front.ts';
import { type Made, makeResources } from '../../../local/az/made/made.ts';
import type { Entra, LocalIdentity } from '../../../local/identity/entra.ts';
import { registryId, resourceGroup, subscriptionId, tenantId } from '../../../local/identity/resourceIds.ts';
import { createRoles, type Roles } from '../../../local/identity/roles.ts';
import type { Tls } from '../../../local/machine/tls.ts';
import { identity } from '../registry/registries.ts';

export const subscription = `/subscriptions/${subscriptionId}`;
export const group = `${subscription}/resourceGroups/${resourceGroup}`;

/** The way to a front as somebody, and the methods of all that was asked there. */
export async function azureOf(
  { origin, ca, entra }: { origin: string; ca: string; entra: Entra },
  who: LocalIdentity,
): Promise<{ azure: Azure; methods: string[] }> {
  const { token } = await entra.accessToken(who, 'https://management.azure.com');
  const dispatcher = new Agent({ connect: { ca } });
  const methods: string[] = [];
  const azure = createAzure({
    ...{ endpoint: origin, token, subscriptionId },
    fetch: (url, init) => {
      methods.push(`${init.method} ${new URL(url).pathname}`);
      return fetch(url, { ...init, dispatcher });
    },
  });
  return { azure, methods };
}

export interface BeforeWorld {
  made: Made;
  roles: Roles;
  owner: LocalIdentity;
  deployer: LocalIdentity;
  as(who: LocalIdentity): Promise<{ azure: Azure; methods: string[] }>;
  stop(): Promise<void>;
}

/** Resource Manager alone, with two registries and what a deployment made, which a test may take away. */
export async function startBeforeWorld(tls: Tls, entra: Entra): Promise<BeforeWorld> {
  const roles = createRoles();
  const [owner, deployer, plinth] = ['owner', 'deployer', 'plinth'].map((name) => ({
    ...identity(name),
    principalId: randomUUID(),
  })) as [LocalIdentity, LocalIdentity, LocalIdentity];
  roles.assign({ scope: subscription, principalId: owner.principalId, role: 'Owner' });
  const registries = ['baseacr', 'appacr'].map((name) => ({
    ...{ name, resourceId: registryId(name), loginServer: `${name}.azurecr.io` },
  }));
  const none = { PublishSuccessCount: 0, MatchedEventCount: 0, DeliverySuccessCount: 0 };
  const made = makeResources({
    ...{ subscriptionId, registries, roles, identity: plinth },
    storage: { host: { endpoints: {} }, data: { endpoints: {} } },
    app: () => ({ settings: {}, functionKey: '' }),
    deliveries: () => ({ ...none, DeliveryAttemptFailCount: 0, DeadLetteredCount: 0, DroppedEventCount: 0 }),
  });
  const front = await startArmFront({
    ...{ subscriptionId, tenantId, tls, entra, roles, registries, made },
    plinth: () => ({ url: 'http://127.0.0.1:1', functionKey: '' }),
    blobEndpoint: 'http://127.0.0.1:1',
  });
  return {
    ...{ made, roles, owner, deployer },
    as: (who) => azureOf({ origin: front.origin, ca: tls.ca, entra }, who),
    stop: () => front.stop(),
  };
}
