import type { IncomingMessage } from 'node:http';
import { request as ask } from 'node:https';
import { json } from 'node:stream/consumers';
import { grants, type Permission } from '../identity/roleDefinitions.ts';
import type { Tls } from '../machine/tls.ts';
import { ArmError } from '../runEngine/api/armError.ts';
import { nextThroughFront } from './pages.ts';
import { relay } from './relay.ts';
import { type ArmFront, serveArm } from './serve.ts';
import { notAuthorized, operationNames, workOf } from './work.ts';

interface DeployedFrontOptions {
  /** The front's own certificate. */
  tls: Tls;
  /** The function app in Azure, and one of its keys. */
  plinth: { url: string; functionKey: string };
  /** What is behind the front; `https://management.azure.com`. */
  arm: string;
  /** Authorities to trust besides the public ones, PEM. */
  ca?: string;
  port?: number;
}

/**
 * The front for a Plinth that is deployed: tasks and runs go to it, everything else to the real ARM with the caller's
 * own token. Whether the caller may is ARM's decision: the front reads the caller's permissions on the registry from
 * it.
 * @throws when the port is taken
 */
export async function startDeployedFront({
  tls,
  plinth,
  arm,
  ca,
  port,
}: DeployedFrontOptions): Promise<ArmFront> {
  const trust = ca === undefined ? {} : { ca };
  const front = await serveArm(tls, port, async (request, response, url) => {
    const target = (base: string) => new URL(url.pathname + url.search, base);
    const work = workOf(request.method ?? 'GET', decodeURIComponent(url.pathname));
    if (!work) return relay(request, response, target(arm), trust);
    const permissions = await permissionsOf(request, work.registryId, arm, ca);
    if (!grants(permissions, operationNames[work.action]!))
      throw new ArmError(
        403,
        'AuthorizationFailed',
        notAuthorized('of this token', operationNames[work.action]!, work.registryId),
      );
    const headers = { authorization: undefined, 'x-functions-key': plinth.functionKey };
    return relay(request, response, target(plinth.url), {
      ...{ ...trust, headers },
      ...(request.method === 'GET' && { rewrite: (body) => nextThroughFront(body, front.origin) }),
    });
  });
  return front;
}

/** What ARM lets the caller do with a registry. @throws ArmError with ARM's own refusal */
async function permissionsOf(
  { headers }: IncomingMessage,
  registryId: string,
  arm: string,
  ca: string | undefined,
): Promise<Permission[]> {
  const path = `${registryId}/providers/Microsoft.Authorization/permissions?api-version=2022-04-01`;
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const { authorization = '' } = headers;
    ask(new URL(path, arm), { headers: { authorization }, ...(ca && { ca }) }, resolve)
      .on('error', (cause) =>
        reject(new ArmError(502, 'BadGateway', `${arm} does not answer (${cause.message}).`)),
      )
      .end();
  });
  const body = (await json(answer).catch(() => ({}))) as {
    value?: Permission[];
    error?: { code: string; message: string };
  };
  if (answer.statusCode === 200 && body.value) return body.value;
  const { code = 'BadGateway', message = `${arm} did not return the permissions.` } = body.error ?? {};
  throw new ArmError(answer.statusCode === 200 ? 502 : answer.statusCode!, code, message);
}
