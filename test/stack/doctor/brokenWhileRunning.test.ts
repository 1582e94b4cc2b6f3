// Tier: long, a fault is there for as long as the app takes to say so.
/** What breaks while the app runs: the log says it once, the doctor says what mends it, and no push is lost by it. */
import assert from 'node:assert/strict';
import { QueueClient } from '@azure/storage-queue';
import { suite } from 'uvu';
import { examineAfter, readParts } from '../../../infra/doctor/after/after.ts';
import { linesOf } from '../../../infra/doctor/finding.ts';
import { readWanted } from '../../../infra/doctor/wanted.ts';
import { registryId, storageAccountId } from '../../../local/identity/resourceIds.ts';
import { instantExecutor } from '../../../local/runEngine/run/instantExecutor.ts';
import { eventually } from '../../../local/tutorial/apiClient.ts';
import { messageQueue } from '../../../shared/names/azureNames.ts';
import { storeOf } from '../storage/stackStore.ts';
import { startWorld, type World } from '../whole/world.ts';
import { azureOf } from './doctorWorld.ts';

const test = suite('what breaks while the app runs');
const lines: string[] = [];
let world: World;

test.before(async () => {
  world = await startWorld({
    ...{ az: true, queueLeaseSeconds: 3, eventTimeScale: 0.05 },
    executor: (work) => instantExecutor(world.stack.tls.ca)(work),
    settings: { PLINTH_RECONCILE_MINUTES: '1' },
    log: (part, line) => part === 'app' && lines.push(line),
  });
  await world.pushBase('base:1', 'first');
  await world.task('build-app', 'FROM baseacr.azurecr.io/base:1\nCOPY Dockerfile /\n');
  assert.equal((await world.run('build-app')).status, 'Succeeded');
});
test.after(() => world?.stack.stop());

type Undo = () => unknown;
const withoutRole = (role: string, scope: string) => async (): Promise<Undo> => {
  const { roles } = world.stack;
  const held = roles.list(scope).find((one) => one.role === role && one.scope === scope)!;
  roles.remove(held.id);
  return () => roles.assign(held);
};
const data = storageAccountId('stdata');
const other = 'func-plinth-two.azurewebsites.net';

/** An app whose storage settings name the account of this one. */
async function anotherApp(): Promise<Undo> {
  const tickedAt = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString();
  await storeOf(world.stack).putPresence({ app: other, tickedAt: tickedAt(10), others: [] });
  return () => storeOf(world.stack).putPresence({ app: other, tickedAt: tickedAt(-10), others: [] });
}

async function withoutQueue(): Promise<Undo> {
  const queue = new QueueClient(world.stack.azurite.connectionString, messageQueue);
  await queue.delete();
  return () => eventually('the queue', 60, () => queue.create().catch(() => false));
}

interface Row {
  title: string;
  make: () => Promise<Undo>;
  /** The line of the log. */
  logged: RegExp;
  /** The doctor's line and the command under it. */
  doctor: RegExp;
}
const rows: Row[] = [
  {
    title: 'the role to pull base images is taken away',
    make: withoutRole('AcrPull', registryId('baseacr')),
    logged: /the registry baseacr cannot be reached: .*az role assignment create .*AcrPull/,
    doctor: /FAULT role of the app on baseacr: AcrPull is missing\n +az role assignment create .*AcrPull/,
  },
  {
    title: 'the role to run is taken away',
    make: withoutRole('Container Registry Tasks Contributor', registryId('appacr')),
    logged: /the run engine of appacr cannot be reached: .*403/,
    doctor: /FAULT the app and the run engine of appacr: .*\n +az role assignment create .*Tasks Contributor/,
  },
  {
    title: 'the role on the queues is taken away',
    make: withoutRole('Storage Queue Data Contributor', data),
    logged: /the queues cannot be reached: .*doctor has what mends it/,
    doctor: /FAULT the app's queues: .*\n +az role assignment create .*Storage Queue Data Contributor/,
  },
  {
    title: 'another app works on the storage account of this one',
    make: anotherApp,
    logged: /the app func-plinth-two.azurewebsites.net works on this storage too: stop one of the two/,
    doctor:
      /FAULT the app's storage: the app func-plinth-two.* works on this storage too.*\n +az functionapp stop/,
  },
  {
    title: 'the role on the tables is taken away',
    make: withoutRole('Storage Table Data Contributor', data),
    logged: /the tables cannot be reached: .*doctor has what mends it/,
    doctor: /FAULT the app's tables: .*\n +az role assignment create .*Storage Table Data Contributor/,
  },
  {
    title: 'of a half-made deployment a queue is missing',
    make: withoutQueue,
    logged: /the queues cannot be reached: .*doctor has what mends it/,
    doctor: /FAULT the app's queues: .*\n[\s\S]*azd provision/,
  },
];

const ticks = () => lines.filter((line) => line.includes("Executed 'Functions.clock'")).length;
/** Asks the clock to tick, and waits until a tick has ended. */
async function tick(): Promise<void> {
  const before = ticks();
  const asked = await fetch(`${world.stack.url}/admin/functions/clock`, {
    method: 'POST',
    headers: { 'x-functions-key': world.stack.keys.master, 'content-type': 'application/json' },
    body: '{}',
  });
  assert.equal(asked.status, 202);
  await eventually('a tick', 120, async () => ticks() > before);
}
/** Ticks until something has come of it: the edges are looked at once a minute. */
const ticking = (what: string, look: () => boolean) =>
  eventually(what, 300, async () => {
    await tick();
    return look();
  });

async function faultsByDoctor(): Promise<string> {
  const { stack } = world;
  const at = { origin: stack.az!.origin, ca: stack.tls.ca, entra: stack.entra };
  const { azure } = await azureOf(at, stack.owner);
  const { wanted } = readWanted({ AZURE_ENV_NAME: 'local' });
  const findings = await examineAfter(azure, wanted, await readParts(azure, 'local'), async () => undefined);
  return findings
    .filter(({ state }) => state === 'fault')
    .flatMap(linesOf)
    .join('\n');
}

/** At the same time, as each is said by itself; the last two meet the tables and queues that the others need. */
for (const together of [rows.slice(0, 4), rows.slice(4)])
  test(`it is said once with what to do, and the push of that time is built once, where ${together.map(({ title }) => title).join(', and ')}`, async () => {
    const from = lines.length;
    const said = () =>
      together.map(({ logged }) => lines.slice(from).filter((line) => logged.test(line)).length);
    const before = (await world.runsOf('build-app')).length;
    const undo: Undo[] = [];
    for (const { make } of together) undo.push(await make());
    const digest = await world.pushBase('base:1', together[0]!.title);
    try {
      await ticking('the lines in the log', () => said().every((count) => count > 0));
      const faults = await faultsByDoctor();
      for (const { doctor } of together) assert.match(faults, doctor);
      // What is broken is looked at in each tick.
      for (let again = 0; again < 3; again++) await tick();
      assert.deepEqual(
        said(),
        together.map(() => 1),
      );
    } finally {
      for (const mend of undo) await mend();
    }
    const edges = together.filter(({ logged }) => /cannot be reached/.test(logged.source)).length;
    const again = () => lines.slice(from).filter((line) => /can be reached again/.test(line)).length;
    await ticking('that they can be reached again', () => again() === edges);
    const [newest, ...older] = await eventually('the rebuild', 240, async () => {
      const runs = await world.runsOf('build-app');
      return runs.length > before && runs.every(({ finishTime }) => finishTime) && runs;
    });
    await world.stack.eventGrid.settled();
    assert.equal(newest!.status, 'Succeeded', newest!.runErrorMessage);
    assert.equal(newest!.plinth.baseImageDependencies[0].digest, digest);
    assert.equal(older.length, before);
  });

test.run();
