import assert from 'node:assert/strict';
import { test } from 'uvu';
import { DockerfileError } from '../../../shared/dockerfile/baseImages.ts';
import { BuildFault } from '../../../shared/flow/buildFault.ts';
import { startRun } from '../../../shared/flow/start/startRun.ts';
import { ImageRefError } from '../../../shared/names/imageRef.ts';
import { RunValueError } from '../../../shared/names/runValues.ts';
import { SourceLocationError } from '../../../shared/names/sourceLocation.ts';
import { VaultUriError } from '../../../shared/names/vaultUri.ts';
import { RegistryError } from '../../../shared/ports/registry.ts';
import { RunEngineError } from '../../../shared/ports/runEngine.ts';
import { SealError } from '../../../shared/ports/seal.ts';
import { SourceError } from '../../../shared/ports/sourceContext.ts';
import { TooLargeError, UnreadableError } from '../../../shared/ports/store.ts';
import { VaultError } from '../../../shared/ports/vault.ts';
import { CycleError } from '../../../shared/rules/upstream.ts';
import { TaskFileError } from '../../../shared/taskFile/taskFile.ts';
import { diamondWorld, runByHand } from '../../worlds/diamondWorld.ts';

/** One start by hand that meets the error. */
async function afterOneStart(error: Error) {
  const world = await diamondWorld();
  world.ports.source.fetch = async () => {
    throw error;
  };
  const { runId } = await runByHand(world, 'mid1acr', 'mid1-task');
  await startRun({ registry: 'mid1acr', runId }, world.ports);
  return (await world.ports.store.run('mid1acr', runId))!.value;
}

const faults: Error[] = [
  new BuildFault('put it right'),
  new CycleError('put it right'),
  new DockerfileError(1, 'put it right'),
  new TaskFileError(1, 'put it right'),
  new ImageRefError('put it right'),
  new RunValueError('put it right'),
  new SourceLocationError('Invalid', 'put it right'),
  new VaultUriError('put it right'),
  new SealError('put it right'),
  new TooLargeError('put it right'),
  new RegistryError('Unauthorized', 'put it right'),
  new RunEngineError('put it right', { transient: false }),
  new SourceError('NotFound', 'put it right'),
  new VaultError('put it right', { transient: false }),
];
for (const error of faults)
  test(`a start that meets a ${error.name} ends at once with what it says`, async () => {
    const run = await afterOneStart(error);
    assert.equal(run.status, 'Failed');
    assert.match(run.runErrorMessage!, /put it right/);
  });

const passing: [Error, title: string][] = [
  [new RegistryError('Unreachable', 'busy'), 'a registry that does not answer'],
  [new RunEngineError('busy', { transient: true }), 'an engine that is busy'],
  [new SourceError('Unreachable', 'busy'), 'a git host that does not answer'],
  [new VaultError('busy', { transient: true, retryAfter: 5 }), 'a vault that is busy'],
  [new UnreadableError('busy'), 'a row that cannot be read'],
  [new TypeError('busy'), 'a fault of Plinth'],
];
for (const [error, title] of passing)
  test(`a start that meets ${title} waits and is tried again`, async () => {
    const run = await afterOneStart(error);
    assert.equal(run.status, 'Queued');
    assert.ok(run.waitingFor?.nextTry, JSON.stringify(run));
  });

test.run();
