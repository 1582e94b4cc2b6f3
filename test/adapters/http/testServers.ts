import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createSecureServer, Agent as HttpsAgent } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, fetch as undiciFetch } from 'undici';
import { close, listen } from '../../../local/machine/listening.ts';
import { makeTls } from '../../../local/machine/tls.ts';
import { createArmRunEngine } from '../../../shared/adapters/engine/armRunEngine.ts';
import { createSourceControl } from '../../../shared/adapters/hooks/sourceControl.ts';
import type { AddressGuard } from '../../../shared/adapters/http/addressGuard.ts';
import { createAcrRegistry } from '../../../shared/adapters/registry/acrRegistry.ts';
import type { createCredentials } from '../../../shared/adapters/secrets/identityToken.ts';
import { createKeyVault } from '../../../shared/adapters/secrets/keyVault.ts';
import { createSourceContext } from '../../../shared/adapters/source/sourceContext.ts';
import { parseSourceLocation } from '../../../shared/names/sourceLocation.ts';
import type { RegistryLogin } from '../../../shared/ports/registry.ts';

/** Servers of this machine whose answers a test writes, and a way to them without a look at certificates and addresses. */
export interface TestServers {
  way: AddressGuard;
  /** @returns the address of a new server over https */
  https(listener: RequestListener): Promise<string>;
  http(listener: RequestListener): Promise<string>;
  stop(): Promise<void>;
}

export async function startTestServers(): Promise<TestServers> {
  const dir = await mkdtemp(join(tmpdir(), 'plinth-servers-'));
  const { key, cert } = await makeTls(dir);
  const dispatcher = new Agent({ connect: { rejectUnauthorized: false } });
  const agent = new HttpsAgent({ rejectUnauthorized: false });
  const fetch = (url: string, init: object) => undiciFetch(url, { ...init, dispatcher });
  const servers: Server[] = [];
  const start = async (scheme: string, server: Server) => {
    servers.push(server);
    return `${scheme}://127.0.0.1:${await listen(server)}`;
  };
  return {
    way: { fetch: fetch as unknown as typeof globalThis.fetch, agent },
    https: (listener) => start('https', createSecureServer({ key, cert }, listener)),
    http: (listener) => start('http', createServer(listener)),
    async stop() {
      await Promise.all(servers.map(close));
      agent.destroy();
      await dispatcher.destroy();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** The credential of an identity whose endpoint answers at once. */
export const prompt =
  (token = 'entra'): ReturnType<typeof createCredentials> =>
  () => ({ getToken: async () => ({ token, expiresOnTimestamp: Date.now() + 1e7 }) });

export const image = { registry: 'appacr.azurecr.io', repository: 'a', tag: '1' };

interface Ways {
  way: AddressGuard;
  credential?: ReturnType<typeof createCredentials>;
  /** Of tasks, for contexts and webhooks. */
  token?: string;
  timeoutSeconds?: number;
}

/** Each adapter of the product that asks over HTTP, before one server. */
export function adaptersAt(address: string, { way, credential = prompt(), token = 'pat', ...limits }: Ways) {
  const own = { name: 'appacr', id: '/registries/appacr', loginServer: image.registry, endpoint: address };
  const registries = [own];
  const registry = createAcrRegistry({ registries, credential, guard: way });
  const vaults = { 'kv.vault.azure.net': address };
  const vault = createKeyVault({
    endpoints: vaults,
    credential,
    rules: { own: [] },
    isOwn: () => false,
    fetch: way.fetch,
  });
  const hooks = createSourceControl({ 'git.example.com': address }, way.fetch);
  const source = createSourceContext({ fetch: way.fetch, ...limits });
  return {
    registry,
    async layers(login: RegistryLogin) {
      const found = [];
      for await (const one of registry.imagesOf(image, login)) found.push(one.layers.join());
      return found;
    },
    arm: (clientId?: string) =>
      createArmRunEngine({
        ...{ startBy: 'scheduleRun', endpoint: address },
        ...{ registries, credential: credential(clientId) },
      }),
    hook: (provider: 'Github' | 'VisualStudioTeamService') =>
      hooks.register(
        {
          provider,
          repositoryUrl: `https://git.example.com/team/${provider === 'Github' ? 'app' : 'p/_git/app'}`,
          url: 'https://plinth.example.com/hook',
          events: ['commit'],
        },
        'secret',
        { token, tokenType: 'PAT' },
      ),
    secret: (clientId?: string) => vault.secret('https://kv.vault.azure.net/secrets/s', clientId),
    context: (path: string) =>
      source.fetch(parseSourceLocation(`${address}/${path}`), { token, maxBytes: 8 * 2 ** 20 }),
  };
}

export const sha256 = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;

/** A refresh token of a registry that is good until long after. */
export const lasting = `a.${Buffer.from('{"exp":9999999999}').toString('base64url')}.b`;
