import assert from 'node:assert/strict';
import { request as send } from 'node:http';
import { test } from 'uvu';
import { startHttpServer } from '../../local/functionsHost/http/httpServer.ts';
import { isChunked } from '../../shared/edge/noLength.ts';

/** What a function got of a request: its body as text, and whether the app can see that one did not arrive. */
interface Got {
  body: string;
  chunked: boolean;
}

/** Sends a request with a body in parts; with a length that is said before, or without one. */
async function got(method: string, parts: string[], length?: number): Promise<Got> {
  let seen: Got | undefined;
  const definition = {
    name: 'any',
    trigger: { type: 'httpTrigger', route: 'any', methods: [method], authLevel: 'anonymous' },
  };
  const server = await startHttpServer(
    {
      functions: [definition] as never,
      timers: new Map(),
      routePrefix: '',
      hidesHomepage: true,
      keys: { master: 'm', function: 'f', eventgrid: 'e' } as never,
      invoke: (async (_: unknown, { http }: any) => {
        const headers = { get: (name: string) => http.nullableHeaders[name]?.value ?? null };
        seen = {
          body: Buffer.from(http.body?.bytes ?? '').toString(),
          chunked: isChunked({ headers }),
        };
        return { returnValue: { http: { statusCode: '200' } } };
      }) as never,
      log: (() => {}) as never,
    },
    0,
  );
  try {
    await new Promise<void>((resolve, reject) => {
      const headers =
        length === undefined ? { 'transfer-encoding': 'chunked' } : { 'content-length': length };
      const request = send(
        { port: server.port, host: '127.0.0.1', path: '/any', method, headers, agent: false },
        (response) => response.resume().on('end', resolve),
      );
      request.on('error', reject);
      for (const part of parts) request.write(part);
      request.end();
    });
  } finally {
    await server.stop();
  }
  return seen!;
}

const rows: [title: string, method: string, parts: string[], length: number | undefined, body: string][] = [
  ['a length', 'POST', ['{"a":1}'], 7, '{"a":1}'],
  ['a length, in parts', 'PUT', ['{"a"', ':1}'], 7, '{"a":1}'],
  ['the length nought', 'POST', [], 0, ''],
  ['no length, in one chunk', 'POST', ['{"a":1}'], undefined, ''],
  ['no length, in chunks', 'PUT', ['{"a"', ':1', '}'], undefined, ''],
  ['no length, in chunks', 'PATCH', ['{"a"', ':1}'], undefined, ''],
  ['no length, in a large chunk', 'POST', ['x'.repeat(200_000)], undefined, ''],
  ['no length and nothing in it', 'POST', [], undefined, ''],
];
for (const [title, method, parts, length, body] of rows)
  test(`the local host hands on a ${method} with ${title} as Azure's does`, async () => {
    assert.deepEqual(await got(method, parts, length), { body, chunked: length === undefined });
  });

test.run();
