import { someRows } from '../../tier.ts';
import { pushRows } from './pushRows.ts';

const becomes = 'one run on the new base';
const ended = ['Succeeded'];

const { test } = pushRows(
  'rough storage',
  { pace: 0.002 },
  someRows(
    [
      { name: 'storageBusy', becomes, ended },
      { name: 'partitionBusy', becomes, ended },
      { name: 'storageTimedOut', becomes, ended },
      { name: 'storageAnswerLost', becomes, ended },
      { name: 'messageStuck', becomes: `${becomes}, when its lease is over`, ended },
    ],
    () => 'a push',
  ),
);

test.run();
