import assert from 'node:assert/strict';
import { test } from 'uvu';
import { refusal } from '../../../shared/adapters/engine/armClient.ts';

const hint = /Azure does not know registry appacr/;
const rows: [code: string, hinted: boolean][] = [
  ['AgentPoolNotFound', false],
  ['RunNotFound', false],
  ['TaskNotFound', false],
  ['LogNotFound', false],
  ['ResourceNotFound', true],
  ['ResourceGroupNotFound', true],
  ['SubscriptionNotFound', true],
];
for (const [code, hinted] of rows)
  test(`Azure's ${code} is ${hinted ? '' : 'not '}said to be about the registry's resource id`, async () => {
    const response = Response.json({ error: { code, message: `'big' was not found.` } }, { status: 404 });
    const { message } = await refusal(response, 'appacr', 'scheduleRun of registry appacr');
    assert.match(message, new RegExp(`404 ${code}: 'big' was not found`));
    assert.equal(hint.test(message), hinted, message);
  });

test.run();
