// Tier: long, the commands of all pages, one after the other.
import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { suite } from 'uvu';
import { freePort } from '../../../local/machine/listening.ts';
import { docCommands } from '../../docCommands.ts';
import { waitFor } from '../../doubles/waitFor.ts';

const root = join(import.meta.dirname, '../../..');

interface World {
  dir: string;
  start: ChildProcessByStdio<Writable, Readable, Readable>;
  said(): string;
}
const test = suite<World>('the commands of the pages, on what npm start starts');

test.before(async (world) => {
  world.dir = await mkdtemp(join(tmpdir(), 'plinth-docs-'));
  world.start = spawn(process.execPath, ['--import', 'tsx', 'local/start.ts'], {
    cwd: root,
    env: { ...process.env, TMPDIR: world.dir, PORT: String(await freePort()) },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [world.start.stdout, world.start.stderr])
    stream.setEncoding('utf8').on('data', (text) => (said += text));
  world.said = () => said;
  await untilSaid(world, /stops everything\.\n/);
});
test.after(async ({ start, dir }) => {
  if (start.exitCode === null) {
    const exited = once(start, 'exit');
    start.kill('SIGTERM');
    await exited;
  }
  await rm(dir, { recursive: true, force: true });
});

const untilSaid = ({ start, said }: World, what: RegExp, limit = 180_000) =>
  waitFor(
    String(what),
    () => {
      assert.equal(start.exitCode, null, said());
      return what.exec(said()) ?? undefined;
    },
    limit,
  );

/** What a shell prints that was given the lines which npm start says come first, and then a block. */
async function run({ said, dir }: World, text: string): Promise<string> {
  const [, variables] = /^ {2}(export PLINTH=.*)$/m.exec(said())!;
  const [, az] = /^ {2}(\. \S+)$/m.exec(said())!;
  const shell = spawn('bash', ['-eu', '-c', [variables, az, text].join('\n')], {
    cwd: root,
    env: { ...process.env, TMPDIR: dir },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let printed = '';
  for (const stream of [shell.stdout, shell.stderr])
    stream.setEncoding('utf8').on('data', (more) => (printed += more));
  const late = setTimeout(() => process.kill(-shell.pid!, 'SIGKILL'), 300_000);
  const [code] = await once(shell, 'close');
  clearTimeout(late);
  assert.equal(code, 0, `${text}\nprinted:\n${printed}\nnpm start said:\n${said().slice(-3000)}`);
  return printed;
}

const [first, ...others] = docCommands().filter(({ needs }) => needs === undefined);
/** The functions of the README's shell, for the pages that go on in it. */
const [readmeFunctions = ''] = /^(\w+\(\) \{[\s\S]*?\}\n)+/.exec(first!.text) ?? [];

test('npm start prints the commands of the README as they are', ({ said }) => {
  assert.equal(first!.page, 'README.md');
  const printed = said().replace(/^ {2}/gm, '');
  assert.ok(printed.includes(first!.text), said());
});

test('the commands of the README lead from a base image to the log of the app that was rebuilt', async (world) => {
  const printed = await run(world, first!.text);
  assert.match(printed, /imageUpdateTrigger/);
  assert.match(printed, /was successful after/);
  assert.doesNotMatch(printed, /"error":/);
});

test('npm start says a line for each run and push, and little else', async (world) => {
  await untilSaid(world, /^run {4}cg2 of appacr, task baseexample2: Succeeded$/m, 30_000);
  const after = world.said().split('stops everything.\n')[1]!.trim().split('\n');
  const told = after.filter((line) => /^(run|push) {3,4}\S/.test(line));
  assert.ok(told.length >= 8, world.said());
  assert.ok(
    after.every((line) => line.length <= 120 && !/Execut/.test(line)),
    after.join('\n'),
  );
});

test('a bad base image is quarantined by the commands of docs/held.md, and the app is back on the one before', async (world) => {
  const [held, ...more] = docCommands().filter(({ needs }) => needs === 'readme');
  assert.deepEqual([held!.page, more.length], ['docs/held.md', 0]);
  const printed = await run(world, `${readmeFunctions}${held!.text}`);
  const [, good, bad, now] = /built on (\S+), then on (\S+), and is built on (\S+)/.exec(printed) ?? [];
  assert.match(good!, /^sha256:/, printed);
  assert.ok(bad !== good && now === good, printed);
  assert.match(printed, /"waves":\[\{"tasks":\[\{"registry":"appacr","task":"baseexample2"/);
  assert.match(printed, /"verdict":"quarantined".*"started":1/);
  assert.match(printed, new RegExp(`"admissible":"${good}"`));
  assert.match(printed, /"because":"quarantined".*it steals tokens/);
  assert.doesNotMatch(printed, /"error":/);
});

for (const { page, text } of others)
  test(`the commands of ${page} that begin with ${text.split('\n')[0]} do what they say`, async (world) => {
    assert.doesNotMatch(await run(world, text), /"error":|ERROR:|Traceback/);
  });

/**
 * What would be given to az: the blocks run where az notes its arguments, every other command does nothing, and each
 * variable that they read has a value.
 */
async function azArguments(dir: string, blocks: string[]): Promise<string[][]> {
  const bin = join(dir, 'bin');
  const noted = join(dir, 'noted');
  await mkdir(bin);
  const note = `#!/bin/bash\nprintf '%s\\0' "$@" >>${noted}; printf '\\n\\0' >>${noted}; echo x\n`;
  await writeFile(join(bin, 'az'), note, { mode: 0o755 });
  const nothing = 'command_not_found_handle() { echo x; }';
  for (const block of blocks)
    spawnSync('/bin/bash', ['-c', `${nothing}\n${block}`], {
      cwd: dir,
      env: {
        ...Object.fromEntries([...block.matchAll(/\$(\w+)/g)].map(([, name]) => [name, 'x'])),
        PATH: bin,
      },
      timeout: 10_000,
    });
  const text = await readFile(noted, 'utf8');
  return text.split('\0\n\0').flatMap((line) => (line ? [line.split('\0')] : []));
}

test('az has every command and flag of the blocks that need Azure', async ({ dir }) => {
  const blocks = docCommands().filter(({ needs }) => needs === 'azure');
  const given = await azArguments(
    dir,
    blocks.map(({ text }) => text),
  );
  assert.ok(given.length > 25, JSON.stringify(given));
  const parsed = spawnSync('/usr/bin/python3', ['test/doubles/parseAz.py'], {
    cwd: root,
    env: { ...process.env, AZURE_CONFIG_DIR: dir },
    input: JSON.stringify(given),
    encoding: 'utf8',
  });
  assert.equal(parsed.stderr, '');
  assert.deepEqual(JSON.parse(parsed.stdout), []);
});

test('h shows the addresses again, and q stops everything', async (world) => {
  world.start.stdin.write('h\n');
  await waitFor('the addresses a second time', () =>
    world.said().split('stops everything.\n').length === 3 ? true : undefined,
  );
  const exited = once(world.start, 'exit');
  world.start.stdin.write('q\n');
  assert.deepEqual(await exited, [0, null]);
});

test.run();
