import { someRows } from '../../tier.ts';
import { pushRows } from './pushRows.ts';

const becomes = 'one run on the new base';
const ended = ['Succeeded'];

const { test } = pushRows(
  'rough storage',
  { pace: 0.002 },
  someRows(
    [
      { name: 'storageBusy', kind: 'refused', becomes, ended },
      { name: 'partitionBusy', kind: 'refused', becomes, ended },
      { name: 'storageTimedOut', kind: 'unknown whether it was done', becomes, ended },
      { name: 'storageAnswerLost', kind: 'unknown whether it was done', becomes, ended },
      { name: 'messageStuck', kind: 'a queue', becomes: `${becomes}, when its lease is over`, ended },
    ],
    ({ kind }) => kind,
  ),
);

test.run();
