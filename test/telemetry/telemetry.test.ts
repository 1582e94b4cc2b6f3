import assert from 'node:assert/strict';
import { test } from 'uvu';
import { scheduleTaskRun } from '../../shared/flow/api/runs.ts';
import { putTask } from '../../shared/flow/api/tasks.ts';
import { followRun } from '../../shared/flow/finish/followRun.ts';
import { onPush } from '../../shared/flow/push/onPush.ts';
import { startRun } from '../../shared/flow/start/startRun.ts';
import { TaskRunRequest } from '../../shared/model/run.ts';
import { TaskCreate } from '../../shared/model/task.ts';
import { staleEdgeMessage } from '../../shared/names/azureNames.ts';
import { RunEngineError } from '../../shared/ports/runEngine.ts';
import { count, pushOutcome } from '../../shared/telemetry/commitMetrics.ts';
import { metrics } from '../../shared/telemetry/metrics.ts';
import { createWatchedWorld, type WatchedWorld } from '../worlds/watchedWorld.ts';

const hostTrace = (letter: string) => `00-${letter.repeat(32)}-${letter.repeat(16)}-00`;
const image = 'baseacr.azurecr.io/base:1';
const digest = (letter: string) => `sha256:${letter.repeat(64)}`;

async function withTask(): Promise<WatchedWorld> {
  const watched = createWatchedWorld();
  const task = TaskCreate.parse({
    location: 'local',
    properties: {
      platform: { os: 'linux' },
      step: {
        type: 'Docker',
        contextPath: 'https://git.example/app.git',
        contextAccessToken: 'hush-git-token',
        dockerFilePath: 'Dockerfile',
        imageNames: ['app:{{.Run.ID}}'],
        arguments: [{ name: 'key', value: 'hush-argument', isSecret: true }],
      },
      trigger: { baseImageTrigger: { name: 'base', baseImageTriggerType: 'Runtime' } },
      credentials: {
        customRegistries: {
          'baseacr.azurecr.io': {
            userName: { type: 'Opaque', value: 'robot' },
            password: { type: 'Opaque', value: 'hush-password' },
          },
        },
      },
    },
  });
  await putTask(watched.knownRegistry, 'app', task, watched.ports);
  return watched;
}

/** Starts the next run whose doorbell rang, and follows it to its end. */
async function carry(watched: WatchedWorld, letter: string): Promise<void> {
  const { world, invoke } = watched;
  const bell = world.bells.pop()!;
  world.bells.length = 0;
  await invoke('startBuild', hostTrace(letter), (ports) => startRun(bell, ports), bell);
  world.now += 90_000;
  const followUp = world.followUps.pop()!;
  world.engineRun = { ...world.engineRun, status: 'Succeeded' };
  await invoke('followRun', hostTrace('f'), (ports) => followRun(followUp, ports), followUp);
}

/** A run by hand, so that the base images of the task are known, then a push of its base image, carried to the end. */
async function pushed(): Promise<WatchedWorld> {
  const watched = await withTask();
  const { world, invoke, knownRegistry, registryId } = watched;
  const request = TaskRunRequest.parse({
    type: 'TaskRunRequest',
    taskId: `${registryId('appacr')}/tasks/app`,
  });
  await invoke('registries-scheduleRun', hostTrace('1'), (ports) =>
    scheduleTaskRun(knownRegistry, request, ports),
  );
  await carry(watched, '2');
  world.now += 1000;
  world.digest = digest('b');
  world.engineRun = { runId: 'cg2', status: 'Running', outputImages: [] };
  const push = { id: 'event-1', image, digest: digest('b'), timestamp: new Date(world.now).toISOString() };
  world.now += 500;
  await invoke('imagePushed', hostTrace('e'), async (ports, { add }) =>
    add(count(metrics.pushes, { outcome: pushOutcome((await onPush(push, ports))!) })),
  );
  world.now += 2000;
  await carry(watched, '3');
  return watched;
}

test('one trace holds the event, the start, the following and the run itself', async () => {
  const watched = await pushed();
  const trace = watched.spans().filter((span) => span.spanContext().traceId === 'e'.repeat(32));
  const names = trace.map(({ name }) => name);
  for (const name of ['imagePushed', 'startBuild', 'engine.schedule', 'followRun', 'run'])
    assert.ok(names.includes(name), `${name} is not among ${names}`);
  const event = trace.find(({ name }) => name === 'imagePushed')!;
  for (const name of ['startBuild', 'followRun', 'run'])
    assert.equal(
      trace.find((span) => span.name === name)!.parentSpanContext?.spanId,
      event.spanContext().spanId,
    );
});

test('a run that is asked for over HTTP has the trace of the request', async () => {
  const watched = await pushed();
  const names = watched
    .spans()
    .filter((span) => span.spanContext().traceId === '1'.repeat(32))
    .map(({ name }) => name);
  assert.deepEqual(
    new Set(names.filter((name) => !name.includes('.') && name !== 'registries-scheduleRun')),
    new Set(['startBuild', 'followRun', 'run']),
  );
});

test('a call in a run’s trace is linked to what the host saw of it', async () => {
  const watched = await pushed();
  const [, second] = watched.spans('startBuild');
  assert.deepEqual(
    second!.links.map(({ context }) => context.traceId),
    ['3'.repeat(32)],
  );
});

test('the run’s span is as long as the run and says what it was', async () => {
  const watched = await pushed();
  const [, run] = watched.spans('run');
  assert.deepEqual(run!.attributes, {
    'plinth.registry': 'appacr',
    'plinth.runId': 'cg2',
    'plinth.task': 'app',
    'plinth.result': 'Succeeded',
  });
  assert.deepEqual(run!.duration, [92, 0]);
});

test('the decision is a moment of the event’s span', async () => {
  const watched = await pushed();
  const [event] = watched.spans('imagePushed');
  assert.deepEqual(
    event!.events.map(({ name, attributes }) => [name, attributes]),
    [['decision', { 'plinth.task': 'app', 'plinth.verdict': 'started', 'plinth.runId': 'cg2' }]],
  );
});

test('pushes, decisions, queue age, results, durations and staleness are measured', async () => {
  const watched = await pushed();
  const measured = await watched.metrics();
  const of = (name: string, attributes: object) =>
    measured.find(
      (point) => point.name === name && JSON.stringify(point.attributes) === JSON.stringify(attributes),
    );
  const rows: [name: string, unit: string, attributes: object, value: unknown][] = [
    ['plinth.pushes', '{push}', { outcome: 'rebuilds' }, 1],
    ['plinth.decisions', '{decision}', { registry: 'appacr', verdict: 'started' }, 1],
    ['plinth.run.queue_age', 's', { registry: 'appacr', automatic: true }, { count: 1, sum: 2 }],
    ['plinth.run.queue_age', 's', { registry: 'appacr', automatic: false }, { count: 1, sum: 0 }],
    ['plinth.runs', '{run}', { registry: 'appacr', result: 'Succeeded' }, 2],
    ['plinth.run.duration', 's', { registry: 'appacr', result: 'Succeeded' }, { count: 2, sum: 180 }],
    ['plinth.edge.staleness', 's', { registry: 'appacr', open: false }, { count: 1, sum: 92.5 }],
  ];
  for (const [name, unit, attributes, value] of rows) {
    const point = of(name, attributes);
    assert.ok(point, `${name} ${JSON.stringify(attributes)} is not in ${JSON.stringify(measured)}`);
    assert.deepEqual([point.unit, point.value], [unit, value], name);
  }
});

test('an event that comes again is one more push and no more decision', async () => {
  const watched = await pushed();
  const push = {
    id: 'event-1',
    image,
    digest: digest('b'),
    timestamp: new Date(watched.world.now - 92_500).toISOString(),
  };
  await watched.invoke('imagePushed', hostTrace('d'), (ports) => onPush(push, ports));
  const decisions = (await watched.metrics()).filter(({ name }) => name === 'plinth.decisions');
  assert.equal(
    decisions.reduce((sum, { value }) => sum + Number(value), 0),
    1,
  );
});

test('a stale edge in the log is measured as open', async () => {
  const watched = createWatchedWorld();
  await watched.invoke('clock', hostTrace('c'), async ({ log }) =>
    log('warning', `${staleEdgeMessage}: ${image}`, { registry: 'appacr', seconds: 420 }),
  );
  const [point] = (await watched.metrics()).filter(({ name }) => name === 'plinth.edge.staleness');
  assert.deepEqual(point, {
    name: 'plinth.edge.staleness',
    unit: 's',
    attributes: { registry: 'appacr', open: true },
    value: { count: 1, sum: 420 },
  });
});

test('a call in which nothing happened leaves no span', async () => {
  const watched = createWatchedWorld();
  await watched.invoke('clock', hostTrace('c'), async () => {});
  assert.deepEqual(watched.spans(), []);
});

test('a call that fails is marked so, with the message for people', async () => {
  const watched = await withTask();
  const { world, invoke, knownRegistry, registryId } = watched;
  const request = TaskRunRequest.parse({
    type: 'TaskRunRequest',
    taskId: `${registryId('appacr')}/tasks/app`,
  });
  await invoke('registries-scheduleRun', hostTrace('1'), (ports) =>
    scheduleTaskRun(knownRegistry, request, ports),
  );
  world.engineFault = new RunEngineError('POST scheduleRun of registry appacr: 403', { transient: false });
  const bell = world.bells[0]!;
  await invoke('startBuild', hostTrace('2'), (ports) => startRun(bell, ports), bell);
  const [scheduled] = watched.spans('engine.schedule');
  assert.match(scheduled!.status.message ?? '', /403/);
  const runs = (await watched.metrics()).filter(({ name }) => name === 'plinth.runs');
  assert.deepEqual(
    runs.map(({ attributes }) => attributes),
    [{ registry: 'appacr', result: 'Failed' }],
  );
});

test('a log line of a call says the trace of the run', async () => {
  const watched = await pushed();
  const line = watched.world.logs.find((text) => text.includes('run cg2 Succeeded'))!;
  for (const fact of [
    '"registry":"appacr"',
    '"runId":"cg2"',
    '"task":"app"',
    `"traceId":"${'e'.repeat(32)}"`,
  ])
    assert.ok(line.includes(fact), `${fact} is not in ${line}`);
});

test('no secret is in a span, a metric or a log line', async () => {
  const watched = await pushed();
  const told = JSON.stringify([
    watched
      .spans()
      .map(({ name, attributes, events, status, links }) => ({ name, attributes, events, status, links })),
    await watched.metrics(),
    watched.world.logs,
  ]);
  assert.ok(told.length > 1000, told);
  assert.ok(!told.includes('hush'), told);
  assert.ok(!told.includes('sealed:'), told);
});

test.run();
