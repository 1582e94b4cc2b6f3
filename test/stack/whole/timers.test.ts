import assert from 'node:assert/strict';
import { test } from 'uvu';
import { eventually } from '../../../local/tutorial/apiClient.ts';
import { longTest } from '../../tier.ts';
import { storeOf } from '../storage/stackStore.ts';
import { hasEnded, startWorld, type World } from './world.ts';

let world: World;
test.before(async () => {
  world = await startWorld();
  await world.pushBase('base/timed:1', 'text');
});
test.after(() => world?.stack.stop());

const timed = (...timerTriggers: object[]) => ({ properties: { trigger: { timerTriggers } } });
const timer = (name: string, schedule: string) => ({ name, schedule });
const dockerfile = 'FROM baseacr.azurecr.io/base/timed:1\nCOPY Dockerfile /\n';

/** The clock function, by the host's admin API; answers before it has run. */
async function callClock(): Promise<void> {
  const { status } = await fetch(`${world.stack.url}/admin/functions/clock`, {
    method: 'POST',
    headers: { 'x-functions-key': world.stack.keys.master, 'content-type': 'application/json' },
    body: '{}',
  });
  assert.equal(status, 202);
}

/** As if the clock had been down since then. */
async function lastSeen(task: string, minutesAgo: number): Promise<void> {
  const store = storeOf(world.stack);
  const { value, etag } = (await store.state('appacr', task))!;
  const last = new Date(Date.now() - minutesAgo * 60_000).toISOString();
  const timers = value.timers!.map((timer) => ({ ...timer, last }));
  await store.commit('appacr', [{ put: 'state', value: { ...value, timers }, etag }]);
}

test('after the clock was down, each timer runs once, for the newest occurrence, however often the clock is called', async () => {
  await world.task(
    'app-timed',
    dockerfile,
    timed(timer('often', '*/2 * * * *'), timer('never', '0 0 29 2 *')),
  );
  const from = Date.now();
  await lastSeen('app-timed', 50);
  await Promise.all([callClock(), callClock(), callClock()]);
  const [run, ...more] = await eventually('the timer’s run', 60, async () => {
    const runs = await world.runsOf('app-timed');
    return runs.length > 0 && runs.every(hasEnded) && runs;
  });
  assert.equal(run!.status, 'Succeeded', run!.runErrorMessage);
  const { timerTriggerName, scheduleOccurrence } = run!.timerTrigger;
  assert.equal(timerTriggerName, 'often');
  const age = from - Date.parse(scheduleOccurrence);
  assert.ok(age > -120_000 && age <= 120_000, scheduleOccurrence);
  assert.equal(Date.parse(scheduleOccurrence) % 120_000, 0);
  // A real occurrence may have come meanwhile; the same one never comes twice.
  const occurrences = [run!, ...more].map(({ timerTrigger }) => timerTrigger.scheduleOccurrence);
  assert.equal(new Set(occurrences).size, occurrences.length);
  assert.ok(occurrences.length <= 2);
});

longTest(test, 'a run of a timer builds although nothing has changed since the last', async () => {
  await world.task('app-again', dockerfile, timed(timer('hourly', '*/30 * * * *')));
  assert.equal((await world.run('app-again')).status, 'Succeeded');
  await lastSeen('app-again', 45);
  await callClock();
  const run = await eventually('the timer’s run', 60, async () =>
    (await world.runsOf('app-again')).find((run) => run.timerTrigger && hasEnded(run)),
  );
  assert.equal(run.status, 'Succeeded', run.runErrorMessage);
});

test('a schedule that cannot be read is refused, and the timer named', async () => {
  const patch = { properties: { trigger: { timerTriggers: [timer('odd', '0 0 * * 7')] } } };
  const { status, body } = await world.api.request('PATCH', '/registries/appacr/tasks/app-timed', patch);
  assert.deepEqual([status, body.error.code], [400, 'InvalidTrigger']);
  assert.match(body.error.message, /timer trigger 'odd' is not valid\. .*'7' is no day of the week/);
});

test.run();
