import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { connect } from 'node:net';
import { test } from 'uvu';
import { startDataPlane } from '../../../local/az/dataPlane.ts';
import { close, listen } from '../../../local/machine/listening.ts';

test('the way to the data plane leads to registries and nowhere else', async () => {
  const target = createServer((_, response) => response.end('the registry'));
  const plane = await startDataPlane({ 'appacr.azurecr.io': await listen(target) });
  const through = (host: string) =>
    new Promise<string>((resolve, reject) => {
      const socket = connect(Number(new URL(plane.url).port), '127.0.0.1');
      socket.on('error', reject).once('data', (data) => {
        socket.destroy();
        resolve(data.toString().split('\r\n')[0]!);
      });
      socket.write(`CONNECT ${host} HTTP/1.1\r\nhost: ${host}\r\n\r\n`);
    });
  assert.match(await through('APPACR.azurecr.io:443'), / 200 /);
  for (const host of ['example.com:443', 'appacr.azurecr.io:22', '127.0.0.1:22', ''])
    assert.match(await through(host), / (403|400) /, host);
  await plane.stop();
  await close(target);
});

test.run();
