import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer, get } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import { close, listen } from '../../../local/machine/listening.ts';
import { makeTls } from '../../../local/machine/tls.ts';

const test = suite<{ dir: string }>('certificates of this machine');
test.before.each(async (world) => {
  world.dir = await mkdtemp(join(tmpdir(), 'plinth-tls-'));
});
test.after.each(({ dir }) => rm(dir, { recursive: true, force: true }));

for (const host of ['localhost', '127.0.0.1', 'baseacr.azurecr.io'])
  test(`are good for ${host} to whoever trusts the authority, and to nobody else`, async ({ dir }) => {
    const { ca, key, cert } = await makeTls(dir);
    const server = createServer({ key, cert }, (_request, response) => response.end());
    const port = await listen(server);
    const ask = (options: object) =>
      new Promise<unknown>((resolve, reject) => {
        get(
          { host: '127.0.0.1', port, servername: host === '127.0.0.1' ? '' : host, agent: false, ...options },
          resolve,
        ).on('error', reject);
      });
    try {
      await ask({ ca });
      await assert.rejects(ask({}), /unable to verify/);
    } finally {
      await close(server);
    }
  });

test('are made once', async ({ dir }) => {
  assert.deepEqual(await makeTls(dir), await makeTls(dir));
});

test('are made anew when they do not fit together', async ({ dir }) => {
  const first = await makeTls(dir);
  const { key } = await makeTls(join(dir, 'other'));
  await writeFile(join(dir, 'server.key'), key);
  const second = await makeTls(dir);
  assert.notEqual(second.cert, first.cert);
  assert.deepEqual(await makeTls(dir), second);
});

test("leave no authority's key behind", async ({ dir }) => {
  await makeTls(dir);
  assert.deepEqual((await readdir(dir)).sort(), ['ca.pem', 'server.key', 'server.pem']);
});

test.run();
