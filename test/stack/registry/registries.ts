import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createEntra, type Entra, type LocalIdentity } from '../../../local/identity/entra.ts';
import { createRoles, type Roles } from '../../../local/identity/roles.ts';
import { runCommand } from '../../../local/machine/command.ts';
import { makeTls, type Tls } from '../../../local/machine/tls.ts';
import {
  nullGuid,
  type Registry,
  type RegistryOptions,
  startRegistry,
} from '../../../local/registry/registry.ts';

export const tenantId = '22222222-2222-2222-2222-222222222222';
export const resourceGroup = '/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/localrg';

export const identity = (name: string): LocalIdentity => ({
  name,
  clientId: `client-of-${name}`,
  principalId: `principal-of-${name}`,
});

/** A folder, certificates, a tenant and roles, on which registries can be started; `stop` stops those too. */
export interface Ground {
  dir: string;
  tls: Tls;
  entra: Entra;
  roles: Roles;
  start(name: string, options?: Partial<RegistryOptions>): Promise<Registry>;
  stop(): Promise<void>;
}

export async function layGround(): Promise<Ground> {
  const dir = await mkdtemp(join(tmpdir(), 'plinth-registries-'));
  const tls = await makeTls(join(dir, 'tls'));
  const entra = createEntra(tenantId);
  const roles = createRoles();
  const started: Registry[] = [];
  return {
    dir,
    tls,
    entra,
    roles,
    async start(name, options = {}) {
      const registry = await startRegistry({
        name,
        resourceId: `${resourceGroup}/providers/Microsoft.ContainerRegistry/registries/${name}`,
        loginServer: `${name}.azurecr.io`,
        dir: join(dir, name),
        tls,
        entra,
        roles,
        ...options,
      });
      started.push(registry);
      return registry;
    },
    async stop() {
      await Promise.all(started.map((registry) => registry.stop()));
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** A token credential that `@azure/*` clients take, for an identity, without any endpoint. */
export const credentialOf = (entra: Entra, who: LocalIdentity) => ({
  getToken: async (scopes: string | string[]) => {
    const { token, expiresOn } = await entra.accessToken(
      who,
      [scopes].flat()[0]!.replace(/\/\.default$/, ''),
    );
    return { token, expiresOnTimestamp: expiresOn * 1000 };
  },
});

/**
 * buildah with a store of its own, to which the registries' login servers are mapped.
 * @param credentials refresh tokens by the name under which they are put into the authfile
 */
export async function prepareBuildah(
  { dir, tls }: Ground,
  registries: Registry[],
  credentials: Record<string, string>,
): Promise<(...args: string[]) => Promise<string>> {
  const own = await mkdtemp(join(dir, 'buildah-'));
  const auths = Object.entries(credentials).map(([name, token]) => [
    name,
    { auth: Buffer.from(`${nullGuid}:${token}`).toString('base64') },
  ]);
  const mapped = registries.map(
    ({ loginServer, port }) => `[[registry]]\nprefix = "${loginServer}"\nlocation = "localhost:${port}"\n`,
  );
  await mkdir(join(own, 'certificates'));
  await writeFile(join(own, 'certificates/ca.crt'), tls.ca);
  await writeFile(join(own, 'registries.conf'), mapped.join(''));
  await writeFile(join(own, 'auth.json'), JSON.stringify({ auths: Object.fromEntries(auths) }), {
    mode: 0o600,
  });
  const env = { PATH: process.env.PATH, HOME: own, CONTAINERS_REGISTRIES_CONF: join(own, 'registries.conf') };
  const storage = ['--root', join(own, 'root'), '--runroot', join(own, 'run'), '--storage-driver', 'vfs'];
  const access = ['--authfile', join(own, 'auth.json'), '--cert-dir', join(own, 'certificates')];
  return async (command, ...args) =>
    (await runCommand('buildah', [command!, ...storage, ...access, ...args], { env, limit: 120_000 })).stdout;
}

/** Waits for something to come true. */
export async function until(what: string, isTrue: () => boolean, limit = 10_000): Promise<void> {
  const end = performance.now() + limit;
  while (!isTrue()) {
    if (performance.now() > end) throw new Error(`Not within ${limit / 1000} s: ${what}`);
    await delay(10);
  }
}
