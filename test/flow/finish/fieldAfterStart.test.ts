import assert from 'node:assert/strict';
import { test } from 'uvu';
import { retryAfterSeconds } from '../../../shared/adapters/http/retryAfter.ts';
import { cancelRun } from '../../../shared/flow/api/runs.ts';
import { finishBuild } from '../../../shared/flow/finish/finishBuild.ts';
import { isEnded, type Run } from '../../../shared/model/run.ts';
import { type EngineLog, type EngineRun, RunEngineError } from '../../../shared/ports/runEngine.ts';
import { base, diamond, diamondWorld, publicBase, registryOf, runByHand } from '../../worlds/diamondWorld.ts';
import { settle } from '../../worlds/settle.ts';
import { seconds } from '../../worlds/workers.ts';
import { busy, runsOf } from '../../worlds/world.ts';

const { registry, name: task } = diamond[0]!;

/** Each: what the engine says of the run it has, question by question, and how the run ends within ten minutes. */
const answers: [title: string, answers: ('known' | 'unknown' | 'busy')[], status: string][] = [
  ['once unknown', ['unknown', 'known'], 'Succeeded'],
  ['unknown three times in a row', ['unknown', 'unknown', 'unknown', 'known'], 'Succeeded'],
  ['unknown for less than a minute', ['unknown', 'unknown', 'unknown', 'unknown', 'known'], 'Succeeded'],
  ['now unknown, now known', Array(9).fill(['unknown', 'known']).flat(), 'Succeeded'],
  ['unknown, busy, unknown', ['unknown', 'busy', 'busy', 'unknown', 'known'], 'Succeeded'],
  ['known once, then unknown for ever', ['known'], 'Error'],
  ['unknown for ever', [], 'Error'],
];
for (const [title, given, status] of answers)
  test(`a run that the engine has ${title} ends ${status}, after one build`, async () => {
    const world = await diamondWorld();
    const buildsOf = () => world.builds.filter(({ request }) => request.imageNames[0] === `${task}:1`).length;
    const builds = buildsOf();
    const run = await runByHand(world, registry, task);
    const { engine } = world.ports;
    const ask = engine.run;
    const left = [...given];
    const isForEver = status === 'Error';
    engine.run = async (...of) => {
      const answer = left.shift() ?? (isForEver ? 'unknown' : 'known');
      if (answer === 'busy') throw busy();
      return answer === 'known' ? ask(...of) : undefined;
    };
    await seconds(world, 45);
    const row = async () => (await world.ports.store.run(registry, run.runId))!.value;
    if (given[0] !== 'known') assert.ok(!isEnded((await row()).status), 'not for an answer or two');
    await seconds(world, 200);
    for (const build of world.builds) world.end(build, 'Succeeded');
    await seconds(world, 60);
    assert.equal((await row()).status, status);
    assert.equal(buildsOf(), builds + 1);
  });

test('a run that was cancelled and is unknown for a minute is cancelled', async () => {
  const world = await diamondWorld();
  const run = await runByHand(world, registry, task);
  await seconds(world, 2);
  world.ports.engine.run = async () => undefined;
  await cancelRun(registryOf(world, registry), run.runId, world.ports);
  await seconds(world, 100);
  assert.equal((await world.ports.store.run(registry, run.runId))!.value.status, 'Canceled');
});

const digestOf = (letter: string) => `sha256:${letter.repeat(64)}`;
const block = (image: string, digest: string) => {
  const [server, ...path] = image.split('/');
  const [repository, tag] = path.join('/').split(':');
  return `    registry: ${server}\n    repository: ${repository}\n    tag: ${tag}\n    digest: ${digest}\n`;
};
const found = (...runtime: string[]) =>
  `The following dependencies were found:\n\n${(runtime.length > 0 ? runtime : [''])
    .map(
      (text) =>
        `- image:\n${block('mid1acr.azurecr.io/mid1-task:1', digestOf('a'))}${text && `  runtime-dependency:\n${text}`}`,
    )
    .join('')}\n`;
const whole = 'Run ID: ca1 was successful after 9s\n';
const logOf = (text: string): EngineLog => ({
  length: text.length,
  read: async (start, end) => Buffer.from(text).subarray(start, end),
});
const refused = (transient: boolean) => new RunEngineError('the log: 403', { transient });

/** Each: what the log is, question by question (the last stays), how long is waited for it, and the base images of the task then. */
const logs: [
  title: string,
  log: (string | undefined | Error)[],
  waits: 'waits' | 'at once',
  bases: string[],
][] = [
  ['is not there, ever', [undefined], 'waits', [base]],
  ['is empty', [''], 'waits', [base]],
  ['is cut short', ['Step 1/2\nStep'], 'waits', [base]],
  ['cannot be read', [refused(true)], 'waits', [base]],
  ['may not be read', [refused(false)], 'waits', [base]],
  ['is whole and tells of none', [`Step 1/2\n${whole}`], 'at once', [base]],
  [
    'comes late',
    [undefined, refused(true), found(block(publicBase, digestOf('b'))) + whole],
    'waits',
    [publicBase],
  ],
  ['tells of another', [found(block(publicBase, digestOf('b')))], 'at once', [publicBase]],
  [
    'tells of two',
    [found(block(publicBase, digestOf('b')), block(base, digestOf('c')))],
    'at once',
    [publicBase, base],
  ],
  [
    'tells of something that is no list',
    ['The following dependencies were found:\n\n- image:\n  - : }{\n'],
    'waits',
    [base],
  ],
  ['tells of an image on scratch', [found()], 'at once', []],
];
for (const [title, given, waits, bases] of logs)
  test(`where the engine fetched the context and its log ${title}, the task is built on ${bases.join(' and ') || 'nothing'}`, async () => {
    const world = await diamondWorld();
    const { ports } = world;
    const left = [...given];
    ports.engine.log = async () => {
      const log = left.length > 1 ? left.shift() : left[0];
      if (log instanceof Error) throw log;
      return log === undefined ? undefined : logOf(log);
    };
    const { pins: _, ...last } = (await runsOf(world, registry)).at(-1)!;
    const now = new Date(world.now()).toISOString();
    const run: Run = { ...last, status: 'Running', engineRunId: 'e1', pinnedAt: now };
    const engineRun: EngineRun = { runId: 'e1', status: 'Succeeded', finishTime: now, outputImages: [] };
    let asked = 1;
    const finish = () => finishBuild(run, engineRun, ports).catch(() => undefined);
    let ending = await finish();
    for (; !ending && asked < 20; asked++) {
      world.pass(15);
      ending = await finish();
    }
    assert.equal(asked > 1, waits === 'waits');
    assert.deepEqual(
      ending?.reading?.pins.map(({ image }) => image),
      bases,
    );
    for (const image of [base, publicBase]) {
      const { dependents } = await ports.store.imageEdges(image);
      assert.equal(
        dependents.some((of) => of.registry === registry && of.task === task),
        bases.includes(image),
        image,
      );
    }
  });

test('without a readable log, a run that a push started is recorded with the pushed image as its base, and no other starts', async () => {
  const world = await diamondWorld();
  const { ports } = world;
  const digest = world.push(base);
  world.events.length = 0;
  const { pins: _, ...last } = (await runsOf(world, registry)).at(-1)!;
  const now = new Date(world.now()).toISOString();
  const [server = '', name = ''] = base.split('/');
  const images = [{ registry: server, repository: name.split(':')[0]!, tag: '1', digest }];
  const run: Run = {
    ...last,
    engineRunId: 'e1',
    imageUpdateTrigger: { id: 'event', timestamp: now, images },
  };
  ports.engine.log = async () => logOf(whole);
  const ending = await finishBuild(run, { runId: 'e1', status: 'Succeeded', outputImages: [] }, ports);
  assert.deepEqual(
    ending.reading!.pins.map((pin) => pin.digest),
    [digest],
  );
  assert.deepEqual(world.messages, []);
  await settle(world);
});

const pauses: [header: string | undefined, seconds: number | undefined][] = [
  ['120', 120],
  [' 7 ', 7],
  ['0', undefined],
  ['-5', undefined],
  ['soon', undefined],
  [undefined, undefined],
  ['99999999999999', 86_400],
  ['1e400', undefined],
  ['Mon, 23 Nov 2026 10:02:00 GMT', 120],
  ['Mon, 23 Nov 2026 09:00:00 GMT', undefined],
  ['Fri, 31 Dec 9999 23:59:59 GMT', 86_400],
];
for (const [header, wanted] of pauses)
  test(`Retry-After: ${header} is ${wanted} seconds`, () =>
    assert.equal(retryAfterSeconds(header, Date.parse('2026-11-23T10:00:00Z')), wanted));

test.run();
