import assert from 'node:assert/strict';
import type { TableClient, TransactionAction } from '@azure/data-tables';
import { test } from 'uvu';
import { z } from 'zod';
import { fromProperties, toProperties } from '../../shared/adapters/storage/tableDocument.ts';
import { toRunResource, toTaskResource } from '../../shared/api/toResource.ts';
import { archiveRun, cancelRun } from '../../shared/flow/api/runs.ts';
import { openTask, patchTask, putTask } from '../../shared/flow/api/tasks.ts';
import { inPlaceOf, unknownOf, unknownParts, withUnknown } from '../../shared/ports/unknownParts.ts';
import { registryOf, runByHand } from '../worlds/diamondWorld.ts';
import { good, handle, minutes, ownBase, twoTasks } from '../worlds/oneBadThing.ts';
import { settle } from '../worlds/settle.ts';
import { sourceTrigger } from '../worlds/triggerWorld.ts';
import { runsOf } from '../worlds/world.ts';

const marker = 'x-of-a-newer-version';

/** A main table in which a newer version has added a field to every document; a write that drops one throws. */
function markedTable() {
  const marked = new Set<string>();
  const rewritten = new Set<string>();
  const look = (kind: string, entity: Record<string, unknown>) => {
    if (typeof entity.json0 !== 'string') return;
    const key = `${entity.partitionKey} ${entity.rowKey}`;
    const document = JSON.parse(entity.json0);
    if (!marked.has(key)) {
      entity.json0 = JSON.stringify({ ...document, [marker]: { secret: marker } });
      marked.add(key);
      return;
    }
    // It meets the row that is there, and writes nothing.
    if (kind === 'create') return;
    assert.ok(document[marker], `a write of ${key} keeps what a newer version wrote`);
    rewritten.add(String(entity.rowKey).split('!')[0]!);
  };
  const forget = (partitionKey: string, rowKey: string) => marked.delete(`${partitionKey} ${rowKey}`);
  const around = (table: TableClient) =>
    new Proxy(table, {
      get(target, name) {
        const member = target[name as keyof TableClient];
        if (typeof member !== 'function') return member;
        return (...given: unknown[]) => {
          if (name === 'submitTransaction')
            for (const [kind, entity] of given[0] as TransactionAction[])
              if (kind === 'delete') forget(entity.partitionKey, entity.rowKey);
              else look(kind, entity);
          else if (/^(create|update|upsert)Entity$/.test(String(name)))
            look(String(name).replace('Entity', ''), given[0] as never);
          else if (name === 'deleteEntity') forget(given[0] as string, given[1] as string);
          return (member as (...of: unknown[]) => unknown).apply(target, given);
        };
      },
    });
  return { around, rewritten };
}

test('every writer of every kind of row keeps what a newer version wrote into it', async () => {
  const { around, rewritten } = markedTable();
  const { world } = await twoTasks(around);
  const knownRegistry = registryOf(world, good);
  const { ports } = world;
  const stored = await openTask(knownRegistry, 'build-app', ports);
  const { registry: _, name: __, creationDate: ___, ...resource } = stored;
  await putTask(knownRegistry, 'build-app', { ...resource, tags: { team: 'a' } }, ports);
  await patchTask(knownRegistry, 'build-app', { tags: { team: 'b' } }, ports);
  const triggers = { trigger: { sourceTriggers: [sourceTrigger({})] } };
  await patchTask(knownRegistry, 'build-app', { properties: triggers }, ports);
  await patchTask(knownRegistry, 'build-app', { properties: { timeout: 900 } }, ports);
  await runByHand(world, good, 'build-app');
  await handle(world);
  world.push(ownBase);
  await settle(world);
  const { runId } = await runByHand(world, good, 'build-app');
  await archiveRun(knownRegistry, runId, true, ports);
  await cancelRun(knownRegistry, runId, ports);
  await settle(world);
  // Over 03:00, when the timers are due.
  await minutes(world, 24 * 60);
  await settle(world);
  await patchTask(knownRegistry, 'build-app', { properties: { trigger: { sourceTriggers: null } } }, ports);
  assert.deepEqual([...rewritten].sort(), ['pace', 'run', 'state', 'task', 'watch', 'webhook']);

  const answers = JSON.stringify([
    toTaskResource((await ports.store.task(good, 'build-app'))!.value, undefined, {
      id: knownRegistry.id,
      app: {},
    }),
    toTaskResource(
      await openTask(knownRegistry, 'build-app', ports),
      undefined,
      { id: knownRegistry.id, app: {} },
      { withSecrets: true },
    ),
    ...(await runsOf(world, good)).map((run) => toRunResource(run, knownRegistry.id)),
  ]);
  assert.ok(!answers.includes(marker), 'no answer shows it');
});

const shape = z.object({
  name: z.string(),
  list: z.array(z.object({ a: z.number() })).optional(),
  map: z.record(z.string(), z.object({ b: z.number() })).optional(),
});
type Shape = z.infer<typeof shape>;

const rows: [title: string, stored: object, change: (value: Shape) => Shape, written: object][] = [
  ['a field', { name: 'n', x: 1 }, (value) => ({ ...value, name: 'm' }), { name: 'm', x: 1 }],
  [
    'a field in a map',
    { name: 'n', map: { k: { b: 1, x: 2 } } },
    (value) => ({ ...value, map: { ...value.map, k: { b: 3 } } }),
    { name: 'n', map: { k: { b: 3, x: 2 } } },
  ],
  [
    'a field in what is taken away',
    { name: 'n', map: { k: { b: 1, x: 2 } } },
    ({ map: _, ...value }) => value,
    { name: 'n' },
  ],
  [
    'a field in an entry that is taken away',
    { name: 'n', map: { k: { b: 1, x: 2 } } },
    (value) => ({ ...value, map: {} }),
    { name: 'n', map: {} },
  ],
  [
    'a field in a list that keeps its length',
    { name: 'n', list: [{ a: 1 }, { a: 2, x: 3 }] },
    (value) => ({ ...value, list: value.list!.map(({ a }) => ({ a: a + 1 })) }),
    { name: 'n', list: [{ a: 2 }, { a: 3, x: 3 }] },
  ],
  [
    'a field in a list that gets longer',
    { name: 'n', list: [{ a: 1, x: 3 }] },
    (value) => ({ ...value, list: [{ a: 0 }, { a: 1 }] }),
    { name: 'n', list: [{ a: 0 }, { a: 1 }] },
  ],
  ['nothing', { name: 'n' }, (value) => value, { name: 'n' }],
];
for (const [title, stored, change, written] of rows)
  test(`${title} that a newer version wrote is ${'x' in written || JSON.stringify(written).includes('"x"') ? 'kept' : 'not made up'} when the row is written`, () => {
    const read = fromProperties(shape, { ...toProperties('a row', stored), partitionKey: 'p', rowKey: 'r' });
    assert.deepEqual(JSON.parse(JSON.stringify(read)), shape.parse(stored));
    const row = toProperties('a row', inPlaceOf(read, change(read)));
    assert.deepEqual(JSON.parse(String(row.json0)), written);
  });

test('a value keeps them over copies, and without any has no mark', () => {
  const parts = unknownOf({ a: 1, x: 2 }, { a: 1 })!;
  const { a: _, ...rest } = { a: 1, b: 2, [unknownParts]: parts };
  assert.deepEqual(withUnknown(rest, (rest as any)[unknownParts]), { b: 2, x: 2 });
  assert.equal(unknownOf({ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }), undefined);
});

test.run();
