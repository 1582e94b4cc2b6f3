import { type IncomingMessage, type ServerResponse, request as send } from 'node:http';
import { createServer } from 'node:https';
import {
  AccountSASPermissions,
  AccountSASResourceTypes,
  AccountSASServices,
  generateAccountSASQueryParameters,
  StorageSharedKeyCredential,
} from '@azure/storage-blob';
import type { Entra } from '../identity/entra.ts';
import type { Action } from '../identity/roleDefinitions.ts';
import type { Roles } from '../identity/roles.ts';
import { close, listen } from '../machine/listening.ts';
import { readBody } from '../machine/readBody.ts';
import type { Tls } from '../machine/tls.ts';
import type { Azurite } from './azurite.ts';
import { count, type StorageCounts } from './storageCounts.ts';

type StorageService = 'blob' | 'queue' | 'table';

interface StorageFrontOptions {
  azurite: Azurite;
  /** ARM id of the account, on which roles are assigned. */
  resourceId: string;
  tls: Tls;
  entra: Entra;
  roles: Roles;
  /** What becomes of a request that is allowed; all are carried out and answered when not given. */
  fate?: StorageFate;
}

/** `busy` 503 and not carried out; `timedOut` 500, and `lost` no answer, both after it was carried out. */
export type StorageFate = (
  service: StorageService,
  request: { method: string; path: string; body: Buffer },
) => 'pass' | 'busy' | 'timedOut' | 'lost';

export interface StorageFront {
  /** `https://localhost:PORT/ACCOUNT`, the primary endpoint of each service. */
  endpoints: Record<StorageService, string>;
  /** What was carried out so far. */
  counts(): StorageCounts;
  stop(): Promise<void>;
}

const rights: Record<StorageService, Action> = { blob: 'blobData', queue: 'queueData', table: 'tableData' };
const day = 24 * 3_600_000;

/**
 * A storage account as the template makes one: https, Entra's tokens by role, and no keys. Azurite carries out what is
 * allowed; its own check of tokens looks at neither signature nor role.
 */
export async function startStorageFront(options: StorageFrontOptions): Promise<StorageFront> {
  const { azurite, resourceId, tls, entra, roles, fate = () => 'pass' } = options;
  const counts: StorageCounts = {};
  const signature = signatureOf(azurite);
  const ports: Record<StorageService, number> = {
    blob: azurite.blobPort,
    queue: azurite.queuePort,
    table: azurite.tablePort,
  };
  const serve = async (service: StorageService, request: IncomingMessage, response: ServerResponse) => {
    const refuse = (status: number, code: string, message: string) => {
      request.resume();
      answerError(response, status, code, message);
    };
    const token = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (token === undefined)
      return refuse(403, 'KeyBasedAuthenticationNotPermitted', 'Key based authentication is off.');
    const claims = await entra.verify(token, ['https://storage.azure.com']);
    if (!claims) return refuse(401, 'InvalidAuthenticationInfo', 'The token is not valid here.');
    if (!roles.allows(claims.oid, resourceId, rights[service]))
      return refuse(
        403,
        'AuthorizationPermissionMismatch',
        'This request is not authorized to perform this operation using this permission.',
      );
    const body = (await readBody(request)) ?? Buffer.alloc(0);
    const asked = { method: request.method ?? 'GET', path: request.url ?? '/', body };
    const becomes = fate(service, asked);
    if (becomes === 'busy') return refuse(503, 'ServerBusy', 'The server is busy.');
    const upstream = await passOn(request, body, { port: ports[service], signature });
    count(counts, { service, ...asked }, upstream);
    if (becomes === 'pass') {
      response.writeHead(upstream.statusCode ?? 502, upstream.headers);
      upstream.on('error', () => response.destroy()).pipe(response);
      return;
    }
    upstream.resume();
    if (becomes === 'lost') response.destroy();
    else refuse(500, 'OperationTimedOut', 'The operation could not be completed within the permitted time.');
  };
  const open = async (service: StorageService) => {
    const server = createServer({ key: tls.key, cert: tls.cert }, (request, response) => {
      serve(service, request, response).catch((error: Error) => response.destroy(error));
    });
    return { service, server, port: await listen(server) };
  };
  const opened = await Promise.all((['blob', 'queue', 'table'] as const).map(open));
  const endpoint = (wanted: StorageService) =>
    `https://localhost:${opened.find(({ service }) => service === wanted)!.port}/${azurite.account}`;
  return {
    endpoints: { blob: endpoint('blob'), queue: endpoint('queue'), table: endpoint('table') },
    counts: () => ({ ...counts }),
    stop: async () => void (await Promise.all(opened.map(({ server }) => close(server)))),
  };
}

/** A shared access signature for all of the account, which only this front uses. */
function signatureOf({ account, accountKey }: Azurite): string {
  return generateAccountSASQueryParameters(
    {
      services: AccountSASServices.parse('bqt').toString(),
      resourceTypes: AccountSASResourceTypes.parse('sco').toString(),
      permissions: AccountSASPermissions.parse('rwdlacup'),
      startsOn: new Date(Date.now() - day),
      expiresOn: new Date(Date.now() + 365 * day),
    },
    new StorageSharedKeyCredential(account, accountKey),
  ).toString();
}

/** @returns Azurite's answer, its body not yet read */
function passOn(
  { method, url, headers }: IncomingMessage,
  body: Buffer,
  { port, signature }: { port: number; signature: string },
): Promise<IncomingMessage> {
  const { authorization: _, 'transfer-encoding': _length, ...rest } = headers;
  const path = `${url}${url!.includes('?') ? '&' : '?'}${signature}`;
  return new Promise((resolve, reject) => {
    const length = { 'content-length': body.length };
    send(
      { host: '127.0.0.1', port, method, path, headers: { ...rest, ...(body.length > 0 && length) } },
      resolve,
    )
      .on('error', reject)
      .end(body);
  });
}

function answerError(response: ServerResponse, status: number, code: string, message: string): void {
  response
    .writeHead(status, {
      'content-type': 'application/json',
      'x-ms-error-code': code,
      ...(status === 401 && { 'www-authenticate': 'Bearer resource_id=https://storage.azure.com' }),
    })
    .end(JSON.stringify({ 'odata.error': { code, message: { lang: 'en-US', value: message } } }));
}
