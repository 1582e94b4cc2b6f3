import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { spawnFunctionsHost } from '../../../local/functionsHost/spawn.ts';
import { blobTimerStatus } from '../../../local/functionsHost/timer/timerStatus.ts';
import { startAzurite } from '../../../local/storage/azurite.ts';
import { waitFor } from '../../doubles/waitFor.ts';
import { longTest, someRows } from '../../tier.ts';
import { sampleApp } from './sampleApp.ts';

interface Seen {
  kind: string;
  together: number;
  timer: { isPastDue: boolean; scheduleStatus?: { last: string; next: string } };
}

const test = suite('timer triggers');
const azurite = await startAzurite();
const app = sampleApp({ extensions: { http: { routePrefix: '' } } });
const status = blobTimerStatus({ connectionString: azurite.connectionString });
const day = (text: string) => new Date(`${text}T00:00:00Z`);
test.after(async () => {
  await azurite.stop();
  app.remove();
});

/** Runs a host until that many runs of a kind are there, and gives them back. */
async function runs(
  kind: string,
  wanted: number,
  settings: Record<string, string>,
  begin: (url: string) => Promise<unknown> = async () => {},
  log: (line: string) => void = () => {},
): Promise<Seen[]> {
  const host = await spawnFunctionsHost({
    appDir: app.dir,
    env: { AzureWebJobsStorage: azurite.connectionString, JOBS: 'jobs', ...settings },
    keys: { master: 'm', function: 'f', eventgrid: 'e' },
    log,
  });
  try {
    await begin(host.url);
    return await waitFor(`${wanted} runs of ${kind}`, async () => {
      const seen = (await (await fetch(`${host.url}/seen`)).json()) as Seen[];
      const found = seen.filter((one) => one.kind === kind);
      return found.length >= wanted ? found : undefined;
    });
  } finally {
    await host.stop();
  }
}

test('two runs by hand run at once', async () => {
  const headers = { 'content-type': 'application/json' };
  const byHand = (url: string) => fetch(`${url}/admin/functions/tick?code=m`, { method: 'POST', headers });
  const ticks = await runs('tick', 2, { TICK: '0 0 0 29 2 *' }, (url) =>
    Promise.all([byHand(url), byHand(url)]),
  );
  assert.deepEqual(
    ticks.map(({ together }) => together),
    [2, 1],
  );
});

longTest(test, 'a timer whose run takes longer than its interval never runs twice at once', async () => {
  const ticks = await runs('tick', 3, { TICK: '* * * * * *' });
  assert.deepEqual(
    ticks.map(({ together }) => together),
    ticks.map(() => 1),
  );
  // Under a minute apart, no status is kept, so there is none to tell.
  assert.equal(ticks[0]?.timer.isPastDue, false);
  assert.equal(ticks[0]?.timer.scheduleStatus, null);
});

longTest(test, 'a timer writes down at its first start when it is due, and does not run before', async () => {
  await runs('tick', 1, { TICK: '* * * * * *' });
  const { last, next } = (await status.read('newYear'))!;
  assert.equal(last.toISOString(), '0001-01-01T00:00:00.000Z');
  assert.equal(next.toISOString(), `${new Date().getUTCFullYear() + 1}-01-01T00:00:00.000Z`);
});

test('an occurrence that passed while no host ran comes at start as past due, once', async () => {
  await status.write('newYear', {
    last: day('2024-06-01'),
    next: day('2025-01-01'),
    lastUpdated: day('2024-06-01'),
  });
  const [run, ...more] = await runs('newYear', 1, { TICK: '0 0 0 29 2 *' });
  assert.equal(run?.timer.isPastDue, true);
  assert.equal(run?.timer.scheduleStatus?.next, '2025-01-01T00:00:00Z');
  assert.deepEqual(more, []);
  const { last, next } = (await status.read('newYear'))!;
  assert.ok(Date.now() - last.getTime() < 60_000);
  assert.ok(next.getTime() > Date.now());
});

longTest(test, 'an occurrence that another schedule had named is forgotten', async () => {
  await status.write('newYear', {
    last: day('2024-06-01'),
    next: day('2024-07-01'),
    lastUpdated: day('2024-06-01'),
  });
  await runs('tick', 1, { TICK: '* * * * * *' });
  assert.ok((await status.read('newYear'))!.next.getTime() > Date.now());
  assert.equal((await status.read('newYear'))!.last.getUTCFullYear(), 1);
});

for (const [title, settings, why] of someRows(
  [
    ['cannot be read', { TICK: '* * *' }, /'tick' function is in error.*has 3 fields; NCRONTAB has 6/],
    ['is not set', {}, /'tick' function is in error.*The setting TICK, named by '%TICK%', is not set/],
  ] as const,
  () => 'a schedule',
))
  test(`a schedule that ${title} keeps its function from running, and no other`, async () => {
    await status.write('newYear', {
      last: day('2024-06-01'),
      next: day('2025-01-01'),
      lastUpdated: day('2024-06-01'),
    });
    const lines: string[] = [];
    assert.equal((await runs('newYear', 1, settings, undefined, (line) => lines.push(line))).length, 1);
    assert.ok(
      lines.some((line) => why.test(line)),
      lines.join('\n'),
    );
  });

test.run();
