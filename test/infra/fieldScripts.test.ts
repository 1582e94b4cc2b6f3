// Tier: normal, it starts programs.
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { test } from 'uvu';
import { runInThread } from '../doubles/programThread.ts';

const scripts = join(import.meta.dirname, '../../infra/scripts');
const folder = mkdtempSync(join(tmpdir(), 'plinth-scripts-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

const closed = createServer();
await new Promise<void>((done) => closed.listen(0, '127.0.0.1', done));
const port = (closed.address() as AddressInfo).port;
await new Promise((done) => closed.close(done));
const nobody = `DefaultEndpointsProtocol=http;AccountName=a;AccountKey=aGVsbG8=;TableEndpoint=http://127.0.0.1:${port}/a;`;

function az(text: string): string {
  const dir = mkdtempSync(join(folder, 'az-'));
  writeFileSync(join(dir, 'az'), `#!/bin/sh\n${text}\n`);
  chmodSync(join(dir, 'az'), 0o755);
  return `${dir}${delimiter}${process.env.PATH}`;
}
const inFolder = (name: string) => join(folder, name);

const server = { PlinthStorage: nobody };
const rows: [title: string, script: string, args: string[], env: Record<string, string>, line: RegExp][] = [
  [
    'an address without TLS',
    'tables',
    ['save', inFolder('a'), 'http://127.0.0.1:1/'],
    {},
    /^The tables were not saved: .*https/i,
  ],
  [
    'an address that is none',
    'tables',
    ['save', inFolder('b'), 'stdata'],
    {},
    /^The tables were not saved: .+/,
  ],
  ['nobody there to save from', 'tables', ['save', inFolder('c')], server, /^The tables were not saved: .+/],
  [
    'a folder that is not there',
    'tables',
    ['save', inFolder('none/d')],
    server,
    /^The tables were not saved: .+/,
  ],
  [
    'a backup that is not there',
    'tables',
    ['restore', inFolder('missing')],
    server,
    /^The tables were not restored: .+/,
  ],
  [
    'a registry that az does not find',
    'moveTasks',
    ['team1', 'https://plinth.example'],
    { PATH: az("echo 'ERROR: The resource team1 could not be found.' >&2; exit 3") },
    /^The tasks were not moved: ERROR: The resource team1 could not be found\.$/,
  ],
  [
    'az signed out',
    'moveTasks',
    ['team1', 'https://plinth.example'],
    { PATH: az('echo "ERROR: Please run \'az login\'" >&2; exit 1') },
    /^The tasks were not moved: .*az login/,
  ],
  [
    'az that answers no JSON',
    'moveTasks',
    ['team1', 'https://plinth.example'],
    { PATH: az('echo oops') },
    /^The tasks were not moved: .*JSON/,
  ],
  ['an address of Plinth that is missing', 'moveTasks', ['team1'], {}, /^usage: /],
  ['an action that is none', 'tables', ['dump', inFolder('e')], server, /^usage: /],
];

/** Most of their time is the storage SDK's patience, so all run at once. */
const ended = rows.map(([, script, args, env]) =>
  runInThread(join(scripts, `${script}.ts`), args, { PATH: process.env.PATH, HOME: folder, ...env }),
);

for (const [at, [title, script, , , line]] of rows.entries())
  test(`${script} with ${title} ends with one line that says why`, async () => {
    const { code, stderr } = await ended[at]!;
    const said = stderr.trim().split('\n');
    assert.equal(said.length, 1, stderr);
    assert.match(said[0]!, line);
    assert.notEqual(code, 0);
  });

test('a save that failed leaves no file that looks like a backup', () => {
  const left = readdirSync(folder).filter((name) => !name.startsWith('az-'));
  assert.deepEqual(left, []);
});

test.run();
