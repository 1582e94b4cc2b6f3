import assert from 'node:assert/strict';
import { test } from 'uvu';
import { claim } from '../../../../shared/flow/start/claim.ts';
import { ConflictError, type Store } from '../../../../shared/ports/store.ts';
import { registry, rewriteState, startWorld } from './startWorld.ts';

interface Row {
  title: string;
  /** So many writes meet another. */
  conflicts: number;
  meanwhile?: (store: Store, runId: string) => Promise<unknown>;
  claims: boolean;
  writes: number;
  /** How often it is looked whether the run was changed, and its task. */
  looks: [run: number, state: number];
}
const rows: Row[] = [
  { title: 'none', conflicts: 0, claims: true, writes: 1, looks: [0, 0] },
  { title: 'one that wrote the slots', conflicts: 1, claims: true, writes: 2, looks: [0, 0] },
  { title: 'two that wrote the slots', conflicts: 2, claims: true, writes: 3, looks: [1, 1] },
  { title: '49 that wrote the slots', conflicts: 49, claims: true, writes: 50, looks: [48, 48] },
  { title: '50 that wrote the slots', conflicts: 50, claims: false, writes: 50, looks: [48, 48] },
  {
    title: 'one that changed the run',
    conflicts: 2,
    meanwhile: async (store, runId) => {
      const { value, etag } = (await store.run(registry, runId))!;
      await store.commit(registry, [{ put: 'run', value: { ...value, notes: ['x'] }, etag }]);
    },
    ...{ claims: false, writes: 2, looks: [1, 0] },
  },
  {
    title: 'one that removed the run',
    conflicts: 2,
    meanwhile: async (store, runId) => store.forgetRun((await store.run(registry, runId))!),
    ...{ claims: false, writes: 2, looks: [1, 0] },
  },
  {
    title: 'one that changed the task',
    conflicts: 2,
    meanwhile: (store) => rewriteState({ ports: { store } } as never, 'app', { enabled: false }),
    ...{ claims: false, writes: 2, looks: [1, 1] },
  },
  {
    title: 'one that removed the task',
    conflicts: 2,
    meanwhile: (store) => store.commit(registry, [{ remove: 'state', task: 'app' }]),
    ...{ claims: false, writes: 2, looks: [1, 1] },
  },
] as Row[];
for (const { title, conflicts, meanwhile, claims, writes, looks } of rows)
  test(`a claim that meets ${title} ${claims ? 'claims' : 'gives way'} with ${writes} writes`, async () => {
    const { world, runId } = await startWorld();
    const { store } = world.ports;
    const run = (await store.run(registry, runId))!;
    const state = (await store.state(registry, 'app'))!;
    await meanwhile?.(store, runId);
    const seen: [run: number, state: number] = [0, 0];
    let commits = 0;
    world.ports.store = {
      ...store,
      run(of, id) {
        seen[0]++;
        return store.run(of, id);
      },
      state(of, task) {
        seen[1]++;
        return store.state(of, task);
      },
      async commit(of, given) {
        if (commits++ < conflicts) throw new ConflictError('another write came between');
        return store.commit(of, given);
      },
    };
    const claiming = claim(run, state, undefined, world.ports);
    if (claims) assert.equal((await claiming)?.status, 'Started');
    else await assert.rejects(claiming, ConflictError);
    assert.deepEqual([commits, seen], [writes, looks]);
  });

test.run();
