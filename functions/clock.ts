import { app } from '@azure/functions';
import { invoke } from '../shared/edge/invoke.ts';
import { endedOrLate, everyMinute, newClockMemory } from '../shared/flow/clock/everyMinute.ts';
import { notePresence } from '../shared/flow/clock/notePresence.ts';
import { newWatchMemory, watchEdges } from '../shared/flow/clock/watchEdges.ts';
import { clockWaitMs } from '../shared/rules/timing.ts';

const memory = newClockMemory();
const watched = newWatchMemory();
const saidOfOthers = new Set<string>();

app.timer('clock', {
  schedule: '0 * * * * *',
  handler: (_timer, context) =>
    invoke(context, async (ports) => {
      // Beside the chores: storage that is slow to answer must not keep them waiting.
      const beside = [
        endedOrLate(notePresence(ports, saidOfOthers), clockWaitMs),
        watchEdges(ports, watched),
      ];
      await everyMinute(ports, memory).finally(() => Promise.all(beside));
    }),
});
