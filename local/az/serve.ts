import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { close, listen } from '../machine/listening.ts';
import type { Tls } from '../machine/tls.ts';
import { ArmError, armErrorBody } from '../runEngine/api/armError.ts';

type Answer = (request: IncomingMessage, response: ServerResponse, url: URL) => Promise<void>;

export interface ArmFront {
  /** `https://127.0.0.1:PORT`: what https://management.azure.com is in Azure. */
  origin: string;
  stop(): Promise<void>;
}

/**
 * An https server on loopback that answers in ARM's shape also when it refuses or fails.
 * @throws when the port is taken
 */
export async function serveArm(tls: Tls, port: number | undefined, answer: Answer): Promise<ArmFront> {
  const server = createServer({ key: tls.key, cert: tls.cert }, async (request, response) => {
    try {
      await answer(request, response, new URL(request.url ?? '/', 'https://127.0.0.1'));
    } catch (error) {
      refuse(response, error);
    }
  });
  const listening = await listen(server, port);
  return { origin: `https://127.0.0.1:${listening}`, stop: () => close(server) };
}

function refuse(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const arm =
    error instanceof ArmError
      ? error
      : new ArmError(500, 'InternalServerError', error instanceof Error ? error.message : String(error));
  response
    .writeHead(arm.status, {
      'content-type': 'application/json; charset=utf-8',
      ...(arm.status === 401 && {
        'www-authenticate': 'Bearer authorization_uri="https://login.microsoftonline.com"',
      }),
    })
    .end(JSON.stringify(armErrorBody(arm)));
}
