import assert from 'node:assert/strict';
import { test } from 'uvu';
import { archiveRun } from '../../../shared/flow/api/runs.ts';
import type { Run } from '../../../shared/model/run.ts';
import type { Stored } from '../../../shared/ports/store.ts';
import { type Aging, aging, ended, id, ofNoTask, putRuns } from '../../worlds/aging.ts';
import { registry } from '../../worlds/countedWorld.ts';

const archived = (isArchiveEnabled: boolean) => (w: Aging) =>
  archiveRun(w.flow.settings.registries[0]!, id(7), isArchiveEnabled, w.flow);
/** Each: what comes between the reading of an old run and its removal, what that answers, and whether the run stays. */
const between: [what: string, act: (world: Aging) => Promise<unknown>, answer: RegExp, stays: boolean][] = [
  ['nothing', async () => 'no', /no/, false],
  ['its archiving', archived(true), /"isArchiveEnabled":true/, true],
  ['a look at it', async (w) => (await w.store.run(registry, id(7)))!.value, /"runId"/, false],
  [
    'its archiving, taken back',
    async (w) => {
      await archived(true)(w);
      return archived(false)(w);
    },
    /"isArchiveEnabled":false/,
    true,
  ],
  [
    'its removal by another clock',
    async (w) => w.store.forgetRun({ value: ended(w, 7, 400), etag: await etagOf(w) }),
    /undefined/,
    false,
  ],
  [
    'its archiving after its removal by another clock',
    async (w) => {
      await w.store.forgetRun({ value: ended(w, 7, 400), etag: await etagOf(w) });
      return archived(true)(w);
    },
    /There is no run/,
    false,
  ],
  ['a PATCH that leaves it as it is', async (w) => archiveSame(w), /"runId"/, false],
];
const etagOf = async ({ store }: Aging) => (await store.run(registry, id(7)))!.etag;
const archiveSame = (w: Aging) => archiveRun(w.flow.settings.registries[0]!, id(7), undefined, w.flow);
for (const [what, act, answer, stays] of between)
  test(`an old run between whose reading and removal comes ${what} ${stays ? 'stays' : 'goes'}, and the others go`, async () => {
    const world = aging();
    await putRuns(world, ...[6, 7, 8].map((at) => ofNoTask(ended(world, at, 400))));
    const { storedRuns } = world.store;
    let said = '';
    world.store.storedRuns = async function* (...of) {
      const page: Stored<Run>[] = [];
      for await (const run of storedRuns(...of)) page.push(run);
      if (said === '')
        said = await act(world).then(
          (value) => String(JSON.stringify(value)),
          (error: Error) => error.message,
        );
      yield* page;
    };
    await world.wholeSweep();
    assert.match(said, answer);
    assert.deepEqual(await world.ids(), stays ? [id(7)] : []);
  });

test.run();
