import assert from 'node:assert/strict';
import { test } from 'uvu';
import { runLog } from '../../../shared/flow/api/runLog.ts';
import { RegistryError } from '../../../shared/ports/registry.ts';
import { RunEngineError } from '../../../shared/ports/runEngine.ts';
import { VaultError } from '../../../shared/ports/vault.ts';
import { builtWorld, countIn, type Given, start, workFor } from '../../worlds/counted.ts';
import type { World } from '../../worlds/world.ts';

const base = 'baseacr.azurecr.io/base:1';
const tasks: Given[] = [{ registry: 'appacr', name: 'app', bases: [base] }];

const says = 'Assign it the role';
const isRoleMissing = true;
const registryRefuses = () => new RegistryError('Unauthorized', says, { isRoleMissing });
const engineRefuses = () => new RunEngineError(says, { transient: false, status: 403, isRoleMissing });
const vaultRefuses = () => new VaultError(says, { isRoleMissing });

type Method = (...args: never[]) => Promise<unknown>;

/** What is refused until a role counts, each in another part of a start. */
const rows: [title: string, port: 'registry' | 'engine' | 'source', method: string, error: () => Error][] = [
  ['the digest of a base image', 'registry', 'digestOf', registryRefuses],
  ['a password for the build', 'registry', 'pullPassword', registryRefuses],
  ['the place of the context', 'engine', 'upload', engineRefuses],
  ['the start of the build', 'engine', 'schedule', engineRefuses],
  ['a secret of a vault', 'source', 'fetch', vaultRefuses],
  ['a registry that is read with the context', 'source', 'fetch', registryRefuses],
];

/** A run by hand of which a call is refused until the world's time has come. @returns the refused calls' times, s */
async function run(port: (typeof rows)[number][1], method: string, error: () => Error, minutes: number) {
  const world = await builtWorld('late roles', {}, tasks, [base]);
  const { runId } = await start(world, 'appacr', 'app');
  const begun = world.now();
  const refused: number[] = [];
  const target = world.ports[port] as unknown as Record<string, Method>;
  const through = target[method]!.bind(target);
  (world.ports as unknown as Record<string, unknown>)[port] = {
    ...target,
    async [method](...args: never[]) {
      if (world.now() >= begun + minutes * 60_000) return through(...args);
      refused.push((world.now() - begun) / 1000);
      throw error();
    },
  };
  return { world, runId, refused };
}

const logOf = async (world: World, runId: string) => {
  const log = await runLog('appacr', runId, world.ports);
  return { ...log, text: Buffer.from(await log.read(0, log.length)).toString() };
};
const rowOf = async (world: World, runId: string) => (await world.ports.store.run('appacr', runId))!.value;

for (const [title, port, method, error] of rows) {
  test(`${title}: a role that counts three minutes late fails no run, and the log says at once what is missing`, async () => {
    const { world, runId } = await run(port, method, error, 3);
    const counts = countIn(world);
    const before = await logOf(world, runId).catch(() => undefined);
    assert.equal(before, undefined);
    await workFor(world, 1, counts);
    const early = await logOf(world, runId);
    assert.match(
      early.text,
      /^\S+ \S+ A role is missing, or does not count yet; tried again until \S+Z: Assign it the role\r\n$/m,
    );
    assert.equal(early.complete, undefined);
    await workFor(world, 240, counts);
    const { status, runErrorMessage } = await rowOf(world, runId);
    assert.equal(status, 'Succeeded', runErrorMessage);
    const whole = await logOf(world, runId);
    assert.equal(whole.text.slice(0, early.length), early.text, 'what was read stays where it is');
  });

  test(`${title}: a role that never counts is given up after ten minutes, by few calls`, async () => {
    const { world, runId, refused } = await run(port, method, error, 99);
    const alone = { clock: false };
    await workFor(world, 599, countIn(world), alone);
    assert.ok(!(await rowOf(world, runId)).runErrorMessage);
    await workFor(world, 120, countIn(world), alone);
    const { status, runErrorMessage } = await rowOf(world, runId);
    assert.equal(status, 'Failed');
    assert.match(runErrorMessage!, /^Assign it the role It was tried for 10 minutes/);
    assert.equal(refused.length, 7, refused.join());
    assert.ok(refused.at(-1)! >= 600);
  });
}

test('a password that is refused is no matter of roles: the run fails at once', async () => {
  const { world, runId, refused } = await run(
    'registry',
    'digestOf',
    () => new RegistryError('Unauthorized', 'may not be read'),
    99,
  );
  await workFor(world, 1, countIn(world));
  assert.equal((await rowOf(world, runId)).status, 'Failed');
  assert.equal(refused.length, 1);
});

test.run();
