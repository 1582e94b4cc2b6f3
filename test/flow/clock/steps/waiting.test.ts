import assert from 'node:assert/strict';
import { test } from 'uvu';
import { resendLost } from '../../../../shared/flow/clock/resendLost.ts';
import type { Run } from '../../../../shared/model/run.ts';
import { UnreadableError } from '../../../../shared/ports/store.ts';
import type { World } from '../../../worlds/world.ts';
import { callsOf } from '../../push/steps/pushWorld.ts';
import {
  at,
  id,
  path,
  placed,
  queued,
  queueWorld,
  registry,
  startsOf,
  waits,
} from '../../queue/steps/queueRows.ts';

const started = (number: number, change: Partial<Run> = {}) =>
  queued(number, { status: 'Started', ...change });
const sent = (world: World) => startsOf(world).map((start) => ['start', ...start]);
const cut = new UnreadableError('cut short');

const server = 'baseacr.azurecr.io';
const asks = (nextTry: string) => queued(9, { waitingFor: waits([], { server, nextTry }) });
/** Each: what the run waits for, the run that it waits for, seconds of the clock, and whether it is sent a message. */
const waiting: [title: string, run: Run, awaited: Run | undefined, seconds: number, isSent: boolean][] = [
  ['a run that goes on', queued(1, { waitingFor: waits([path(9)]) }), started(9), 60, false],
  [
    'a run that has ended',
    queued(1, { waitingFor: waits([path(9)]) }),
    started(9, { status: 'Failed' }),
    60,
    true,
  ],
  ['a run that is gone', queued(1, { waitingFor: waits([path(9)]) }), undefined, 60, true],
  ['a run that waits for a time', queued(1, { waitingFor: waits([path(9)]) }), asks(at(300)), 60, true],
  [
    'a run that waits for who asks',
    queued(1, { waitingFor: waits([path(9)]) }),
    queued(9, { waitingFor: waits([path(8)], { server }) }),
    60,
    true,
  ],
  [
    'a run that waits for a run',
    queued(1, { waitingFor: waits([path(9)]) }),
    queued(9, { waitingFor: waits([path(8)]) }),
    60,
    false,
  ],
  ['a run, in its turn', queued(1, { waitingFor: waits([path(9)]) }), started(9), 0, true],
  ['a run, ten minutes after its turn', queued(1, { waitingFor: waits([path(9)]) }), started(9), 600, true],
  ['nothing', queued(1, { waitingFor: waits([]) }), undefined, 60, true],
  ['a time', queued(1, { waitingFor: waits([], { nextTry: at(90) }) }), undefined, 60, false],
  [
    'a time that is a minute over',
    queued(1, { waitingFor: waits([], { nextTry: at(0) }) }),
    undefined,
    60,
    false,
  ],
  [
    'a time that is longer over',
    queued(1, { waitingFor: waits([], { nextTry: at(-1) }) }),
    undefined,
    60,
    true,
  ],
  ['its last try', queued(1, { waitingFor: waits([], { givenUpAt: at(90) }) }), undefined, 60, false],
  [
    'its last try, which is over',
    queued(1, { waitingFor: waits([], { givenUpAt: at(-1) }) }),
    undefined,
    60,
    true,
  ],
  [
    'a time before its last try',
    queued(1, { waitingFor: waits([], { nextTry: at(90), givenUpAt: at(-1) }) }),
    undefined,
    60,
    false,
  ],
  ['who asks a server', queued(1, { waitingFor: waits([path(9)], { server }) }), asks(at(90)), 60, false],
  [
    'who asks a server, in its turn',
    queued(1, { waitingFor: waits([path(9)], { server }) }),
    asks(at(90)),
    0,
    false,
  ],
  ['who asks a server no more', queued(1, { waitingFor: waits([path(9)], { server }) }), queued(9), 60, true],
  [
    'who asks a server much later',
    queued(1, { waitingFor: waits([path(9)], { server }) }),
    asks(at(900)),
    60,
    true,
  ],
  [
    'who asks another server',
    queued(1, { waitingFor: waits([path(9)], { server: 'x.io' }) }),
    asks(at(90)),
    60,
    true,
  ],
];
for (const [title, run, awaited, seconds, isSent] of waiting)
  test(`a run that waits for ${title} is ${isSent ? 'sent a message' : 'left alone'}`, async () => {
    const world = await queueWorld([
      ...placed(run),
      ...(awaited ? [{ put: 'run' as const, value: awaited }] : []),
    ]);
    world.pass(seconds);
    assert.deepEqual(await resendLost(world.ports), []);
    assert.deepEqual(sent(world), isSent ? [['start', id(1), seconds]] : []);
  });

test('a run that has its place among those that wait and waits for nothing is sent a message', async () => {
  const run = queued(1, { waitingFor: waits([path(9)]) });
  const world = await queueWorld(placed(run));
  const { runsOf } = world.ports.store;
  world.pass(60);
  for (const row of [undefined, cut, { value: queued(1), etag: '1' }]) {
    world.ports.store.runsOf = async (of, ids) => (ids.includes(id(1)) ? [row] : runsOf(of, ids));
    await resendLost(world.ports);
    assert.deepEqual(sent(world), [['start', id(1), 60]]);
    world.messages.length = 0;
  }
});

test('of two servers each run is held to its own', async () => {
  const asked = queued(9, { waitingFor: waits([], { server, nextTry: at(90) }) });
  const world = await queueWorld([
    { put: 'run', value: asked },
    ...placed(queued(2, { waitingFor: waits([path(9)], { server }) })),
    ...placed(queued(3, { waitingFor: waits([path(8)], { server: 'x.io' }) })),
  ]);
  world.pass(60);
  const calls = callsOf(world, 'runsOf');
  await resendLost(world.ports);
  assert.deepEqual(sent(world), [['start', id(3), 60]]);
  assert.deepEqual(
    calls.map(({ args }) => args[1]),
    [[id(2), id(3)], [id(9)], [id(8)]],
  );
});

/** Each: how many runs wait, the minute, and which of them are looked at. */
for (const [count, minute, first, last] of [
  [200, 1, 1, 200],
  [201, 0, 1, 200],
  [201, 1, 201, 201],
  [450, 1, 201, 400],
  [450, 2, 401, 450],
  [450, 3, 1, 200],
] as const)
  test(`of ${count} runs that wait, those from ${first} to ${last} are looked at in minute ${minute}`, async () => {
    const world = await queueWorld([]);
    for (let number = 1; number <= count; number++)
      await world.ports.store.commit(
        registry,
        placed(queued(number, { waitingFor: waits([], { nextTry: at(9e6) }) })),
      );
    // The world begins at a minute that is a multiple of six.
    world.pass(60 * minute);
    const calls = callsOf(world, 'runsOf');
    await resendLost(world.ports);
    const ids = calls[0]!.args[1] as string[];
    assert.deepEqual([ids[0], ids.at(-1), ids.length], [id(first), id(last), last - first + 1]);
    // Each in one of ten rounds, besides.
    const turns = sent(world).length;
    assert.ok(Math.abs(turns - ids.length / 10) < 1, `${turns}`);
  });

test('of many runs that wait each is looked at once in ten rounds of all', async () => {
  const world = await queueWorld([]);
  for (let number = 1; number <= 201; number++) {
    const run = queued(number, { waitingFor: waits([], { nextTry: at(9e6) }) });
    await world.ports.store.commit(registry, placed(run));
  }
  for (let minute = 0; minute < 20; minute++, world.pass(60)) await resendLost(world.ports);
  const runs = startsOf(world).map(([runId]) => runId);
  assert.deepEqual([runs.length, new Set(runs).size], [201, 201]);
});

test.run();
