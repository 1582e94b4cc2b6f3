import assert from 'node:assert/strict';
import { test } from 'uvu';
import type { RunStatus } from '../../../shared/model/run.ts';
import { type EngineRun, RunEngineError } from '../../../shared/ports/runEngine.ts';
import { builtWorld, countIn, type Given, start, work } from '../../worlds/counted.ts';

const base = 'baseacr.azurecr.io/base:1';
const tasks: Given[] = [{ registry: 'appacr', name: 'app', bases: [base] }];
const hour = 3600;
const minute = 60;

type Answer = RunStatus | 'unknown' | 'busy' | 'broken' | 'refused';
/** What the engine answers from so many seconds after its first question on. */
type Answers = [from: number, answer: Answer][];

/** Follows one run by hand for so long. */
async function followed(answers: Answers, seconds: number) {
  const world = await builtWorld('followed', {}, tasks, [base]);
  const { runId, timeout } = await start(world, 'appacr', 'app');
  const counts = countIn(world);
  const begun = world.now();
  let cancels = 0;
  let questions = 0;
  const answerNow = (id: string): EngineRun | undefined => {
    const answer = answers.findLast(([from]) => world.now() - begun >= from * 1000)![1];
    if (answer === 'unknown') return undefined;
    if (answer === 'busy') throw new RunEngineError('busy', { transient: true });
    if (answer === 'broken') throw new TypeError('broken');
    if (answer === 'refused') throw new RunEngineError('refused', { transient: false });
    const startTime = new Date(begun).toISOString();
    return { runId: id, status: answer, outputImages: [], ...(answer !== 'Queued' && { startTime }) };
  };
  const { engine } = world.ports;
  world.ports.engine = {
    ...engine,
    run: async (_, id) => {
      questions++;
      return answerNow(id);
    },
    cancel: async (...asked) => {
      cancels++;
      await engine.cancel(...asked);
    },
  };
  for (const end = world.now() + seconds * 1000; world.now() < end; world.pass(5))
    await work(world, counts, 'not');
  await work(world, counts, 'not');
  const run = (await world.ports.store.run('appacr', runId))!.value;
  return { run, timeout, cancels, questions };
}

const rows: [
  title: string,
  answers: Answers,
  seconds: number,
  ends: RunStatus,
  says: RegExp,
  cancels: number,
][] = [
  ['runs for its time-out', [[0, 'Running']], hour, 'Running', /^$/, 0],
  ['runs for its time-out and less than five minutes', [[0, 'Running']], hour + 290, 'Running', /^$/, 0],
  [
    'runs for its time-out and five minutes',
    [[0, 'Running']],
    hour + 340,
    'Timeout',
    /did not end within its time-out of 3600 s/,
    1,
  ],
  ['is queued at the engine for 23 hours', [[0, 'Queued']], 23 * hour, 'Started', /^$/, 0],
  ['is queued at the engine for a day', [[0, 'Queued']], 24 * hour + 120, 'Timeout', /did not end within/, 1],
  [
    'is unknown for a minute less a bit',
    [
      [0, 'unknown'],
      [50, 'Running'],
    ],
    5 * minute,
    'Running',
    /^$/,
    0,
  ],
  ['is unknown for more than a minute', [[0, 'unknown']], 90, 'Error', /no longer has run/, 0],
  [
    'is unknown twice in more than a minute, as the engine was busy',
    [
      [0, 'unknown'],
      [5, 'busy'],
      [100, 'unknown'],
      [110, 'Running'],
    ],
    5 * minute,
    'Running',
    /^$/,
    0,
  ],
  [
    'is unknown again and again, with an answer between',
    [0, 50, 100, 150, 200, 250].map((from, at) => [from, at % 2 === 0 ? 'unknown' : 'Running']),
    280,
    'Running',
    /^$/,
    0,
  ],
  [
    'is asked for at an engine that is busy',
    [
      [0, 'busy'],
      [hour, 'Running'],
    ],
    hour + minute,
    'Running',
    /^$/,
    0,
  ],
  [
    'is asked for at an engine that is busy beyond the time-out',
    [[0, 'busy']],
    hour + 400,
    'Timeout',
    /did not end within/,
    1,
  ],
  [
    'meets nine faults',
    [
      [0, 'broken'],
      [1500, 'Running'],
    ],
    2000,
    'Running',
    /^$/,
    0,
  ],
  ['meets ten faults', [[0, 'broken']], hour, 'Error', /failed at this run 10 times.*broken/, 0],
  ['meets ten refusals', [[0, 'refused']], hour, 'Error', /failed at this run 10 times.*refused/, 0],
  ['is cancelled at the engine', [[0, 'Canceled']], minute, 'Canceled', /^$/, 0],
  ['fails at the engine', [[0, 'Failed']], minute, 'Failed', /The run engine ended the run as Failed/, 0],
];
for (const [title, answers, seconds, ends, says, cancels] of rows)
  test(`a run that ${title} is ${ends}`, async () => {
    const outcome = await followed(answers, seconds);
    assert.equal(outcome.run.status, ends, outcome.run.runErrorMessage);
    assert.match(outcome.run.runErrorMessage ?? '', says);
    assert.equal(outcome.cancels, cancels);
  });

test('questions grow apart: an hour of a run is 128 of them', async () => {
  const { questions } = await followed([[0, 'Running']], hour);
  assert.equal(questions, 128);
});

test.run();
