import assert from 'node:assert/strict';
import { test } from 'uvu';
import { onPush } from '../../../shared/flow/push/onPush.ts';
import { builtWorld, type Given } from '../../worlds/counted.ts';
import { settleWithoutRounds } from '../../worlds/settle.ts';
import { carryOut, numbersFrom } from '../../worlds/workers.ts';
import { runsOf } from '../../worlds/world.ts';

const base = 'baseacr.azurecr.io/base:1';
const made = 'appacr.azurecr.io/mid:1';
const tasks: Given[] = [
  { registry: 'appacr', name: 'mid', bases: [base] },
  { registry: 'appacr', name: 'app', bases: [made, base] },
  { registry: 'appacr', name: 'other', bases: [base] },
];

/** What a push of two dependents that start and one that waits writes and sends: its decision is made and told by then. */
const lastCall = 7;
for (let diesAt = 1; diesAt <= lastCall; diesAt++)
  for (const after of [false, true])
    test(`a push whose process ends ${after ? 'after' : 'before'} its call ${diesAt} starts its runs when it comes again`, async () => {
      const world = await builtWorld('repeated', {}, tasks, [base]);
      world.push(base);
      const [event] = world.events.splice(0);
      const [outcome] = await carryOut(
        world,
        [{ run: (ports) => onPush(event!, ports), diesAt, after }],
        numbersFrom(1),
      );
      assert.equal(outcome?.name, 'Died', `${outcome}`);
      await onPush(event!, world.ports);
      await settleWithoutRounds(world);
      const runs = (await runsOf(world, 'appacr')).filter((run) => run.imageUpdateTrigger);
      assert.deepEqual(runs.map(({ task, status }) => `${task} ${status}`).toSorted(), [
        'app Succeeded',
        'mid Succeeded',
        'other Succeeded',
      ]);
    });

test.run();
