import { createServer, request as send } from 'node:http';
import { close, listen } from '../../local/machine/listening.ts';
import { readBody } from '../../local/machine/readBody.ts';
import { createRough } from '../../local/rough/rough.ts';
import { roughStorage } from '../../local/rough/storage.ts';
import type { Azurite } from '../../local/storage/azurite.ts';

/** The tables of Azurite at Azure's pace: a partition takes 2,000 entities a second, and answers 503 above it. */
export async function startPacedTables({ tablePort, connectionString }: Azurite) {
  const rough = createRough({ seed: 1, only: ['partitionBusy'] });
  const fate = roughStorage(rough);
  const server = createServer(async (asked, answer) => {
    const body = (await readBody(asked)) ?? Buffer.alloc(0);
    const { method = '', url: path = '', headers } = asked;
    if (fate('table', { method, path, body }) === 'busy') return void answer.writeHead(503).end();
    const given = send({ port: tablePort, host: '127.0.0.1', method, path, headers }, (got) => {
      answer.writeHead(got.statusCode!, got.headers);
      got.pipe(answer);
    });
    given.on('error', () => answer.destroy());
    given.end(body);
  });
  const port = await listen(server);
  return {
    connectionString: connectionString.replace(`:${tablePort}/`, `:${port}/`),
    busy: () => rough.counts().partitionBusy,
    stop: () => close(server),
  };
}
