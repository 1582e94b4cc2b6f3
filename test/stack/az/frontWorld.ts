import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { startDeployedFront } from '../../../local/az/deployed.ts';
import { startArmFront } from '../../../local/az/front.ts';
import { createEntra, type Entra, type LocalIdentity } from '../../../local/identity/entra.ts';
import { createRoles, type Roles } from '../../../local/identity/roles.ts';
import { close, listen } from '../../../local/machine/listening.ts';
import { makeTls, type Tls } from '../../../local/machine/tls.ts';
import { identity } from '../registry/registries.ts';

export const subscription = '11111111-1111-1111-1111-111111111111';
const group = `/subscriptions/${subscription}/resourceGroups/localrg`;
export const registry = `${group}/providers/Microsoft.ContainerRegistry/registries/appacr`;
export const [owner, reader, nobody] = ['owner', 'reader', 'nobody'].map((name) => ({
  ...identity(name),
  principalId: randomUUID(),
})) as [LocalIdentity, LocalIdentity, LocalIdentity];

export interface FrontWorld {
  tls: Tls;
  entra: Entra;
  roles: Roles;
  /** The front of the local Azure, and one for a deployed Plinth that has it for ARM. */
  fronts: Record<'local' | 'deployed', string>;
  /** What came through to Plinth and to the blob storage. */
  seen: { method: string; url: string; headers: IncomingHttpHeaders; bytes: number }[];
  stop(): Promise<void>;
}
/** Both fronts; behind them one server that stands for Plinth and for the blob storage. */
export async function startFrontWorld(): Promise<FrontWorld> {
  const dir = await mkdtemp(join(tmpdir(), 'plinth-front-'));
  const tls = await makeTls(dir);
  const entra = createEntra('22222222-2222-2222-2222-222222222222');
  const roles = createRoles();
  roles.assign({ scope: `/subscriptions/${subscription}`, principalId: owner.principalId, role: 'Owner' });
  roles.assign({ scope: registry, principalId: reader.principalId, role: 'Reader' });
  const seen: FrontWorld['seen'] = [];
  // Stands for Plinth and for Azurite: both are asked over http.
  const behind = createServer(async (request, response) => {
    const { method = '', url = '', headers } = request;
    seen.push({ method, url, headers, bytes: (await buffer(request)).length });
    if (url.includes('listBuildSourceUploadUrl'))
      response.end(
        JSON.stringify({
          uploadUrl: `${address}/account1/acr-appacr/source/a.tar.gz?sv=1&sig=x%2By`,
          relativePath: 'a',
        }),
      );
    else
      response
        .writeHead(url.includes('missing') ? 404 : 201, { 'x-ms-error-code': 'BlobNotFound' })
        .end('said');
  });
  const address = `http://127.0.0.1:${await listen(behind)}`;
  const plinth = { url: address, functionKey: 'the-key' };
  const local = await startArmFront({
    ...{ subscriptionId: subscription, tenantId: entra.tenantId, tls, entra, roles },
    registries: [{ name: 'appacr', resourceId: registry, loginServer: 'appacr.azurecr.io' }],
    plinth: () => plinth,
    blobEndpoint: address,
  });
  const deployed = await startDeployedFront({ tls, plinth, arm: local.origin, ca: tls.ca });
  return {
    ...{ tls, entra, roles, seen, fronts: { local: local.origin, deployed: deployed.origin } },
    async stop() {
      await Promise.all([deployed.stop(), local.stop()]);
      await close(behind);
      await rm(dir, { recursive: true });
    },
  };
}
export type Who = LocalIdentity | 'no token' | 'made up' | 'for another audience';

/** One call, `METHOD /path`. */
export async function call(
  world: FrontWorld,
  front: keyof FrontWorld['fronts'],
  who: Who,
  line: string,
  body?: string | Buffer,
) {
  const [method, path] = line.split(' ') as [string, string];
  const token = async () => {
    if (who === 'made up') return 'made.up.token';
    if (who === 'for another audience')
      return (await world.entra.accessToken(owner, 'https://graph.microsoft.com')).token;
    return (await world.entra.accessToken(who as LocalIdentity, 'https://management.azure.com')).token;
  };
  const headers = who === 'no token' ? {} : { authorization: `Bearer ${await token()}` };
  return new Promise<{ status: number; body: any }>((resolve, reject) => {
    const asked = request(
      `${world.fronts[front]}${path}`,
      { method, headers, ca: world.tls.ca },
      async (answer) => {
        const said = await text(answer);
        resolve({ status: answer.statusCode!, body: /^[[{]/.test(said) ? JSON.parse(said) : said });
      },
    );
    asked.on('error', reject);
    asked.end(body);
  });
}
