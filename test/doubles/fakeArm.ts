import { createServer, type IncomingMessage } from 'node:http';
import { close, listen } from '../../local/machine/listening.ts';
import { createArmRunEngine } from '../../shared/adapters/engine/armRunEngine.ts';
import type { KnownRegistry } from '../../shared/model/registry.ts';
import type { RunEngine } from '../../shared/ports/runEngine.ts';

export interface Asked {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingMessage['headers'];
  body: string;
}

export interface Answer {
  status?: number;
  headers?: Record<string, string>;
  body?: unknown;
  /** Hangs up instead of answering. */
  hangsUp?: boolean;
}

/** What Azure says, by method and the end of the path; one of a list for each call, the last one again and again. */
export type Script = Record<string, Answer | Answer[]>;

export interface FakeArm {
  engine: RunEngine;
  /** An engine at the same address, for a registry as the settings have it. */
  engineOf(own: KnownRegistry, startBy?: 'taskRuns' | 'scheduleRun'): RunEngine;
  address: string;
  asked: Asked[];
  waits: number[];
  scopes: string[];
  answers(script: Script): void;
  stop(): Promise<void>;
}

export const registryId =
  '/subscriptions/4385cf00-2d3a-425a-832f-f4285b1c9dce/resourceGroups/myResourceGroup/providers/Microsoft.ContainerRegistry/registries/myRegistry';

export const ownRegistry: KnownRegistry = {
  name: 'myregistry',
  id: registryId,
  loginServer: 'myregistry.azurecr.io',
  endpoint: '',
};

/** Azure Resource Manager and its blobs at the wire, with answers as told. */
export async function startFakeArm(): Promise<FakeArm> {
  let script: Script = {};
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url!, 'http://localhost');
    let body = '';
    for await (const chunk of request.setEncoding('utf8')) body += chunk;
    asked.push({
      method: request.method!,
      path: pathname,
      query: searchParams,
      headers: request.headers,
      body,
    });
    const of = Object.keys(script).find((key) => {
      const [method, end] = key.split(' ');
      return method === request.method && pathname.endsWith(end!);
    });
    const told = of === undefined ? { status: 500, body: 'not in the script' } : script[of]!;
    const answer = Array.isArray(told) ? (told.length > 1 ? told.shift()! : told[0]!) : told;
    if (answer.hangsUp) return void request.socket.destroy();
    const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body ?? {});
    response
      .writeHead(answer.status ?? 200, answer.headers)
      .end(request.method === 'HEAD' ? undefined : text);
  });
  const address = `http://127.0.0.1:${await listen(server)}`;
  const waits: number[] = [];
  const scopes: string[] = [];
  const engineOf = (own: KnownRegistry, startBy: 'taskRuns' | 'scheduleRun' = 'scheduleRun') =>
    createArmRunEngine({
      startBy,
      endpoint: address,
      registries: [own],
      credential: {
        async getToken(scope) {
          scopes.push(String(scope));
          return { token: 'hush-token', expiresOnTimestamp: Date.now() + 3_600_000 };
        },
      },
      wait: async (seconds) => void waits.push(seconds),
    });
  return {
    engine: engineOf(ownRegistry),
    engineOf,
    address,
    asked,
    waits,
    scopes,
    answers(given) {
      script = given;
      for (const list of [asked, waits, scopes]) list.length = 0;
    },
    stop: () => close(server),
  };
}
