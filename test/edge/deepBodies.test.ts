import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'uvu';
import { createApiWorld } from '../doubles/apiWorld.ts';

const lists = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
const objects = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
const task = (inside: string) =>
  `{"location":"x","properties":{"step":{"type":"Docker","dockerFilePath":"D"},"trigger":${inside}}}`;
const commits = {
  name: 'commits',
  sourceTriggerEvents: ['commit'],
  sourceRepository: { sourceControlType: 'Github', repositoryUrl: 'https://github.com/contoso/app' },
};
const hello = {
  location: 'x',
  properties: { step: { type: 'Docker', dockerFilePath: 'D' }, trigger: { sourceTriggers: [commits] } },
};

const operations: [name: string, params: Record<string, string>, body: (inside: string) => string][] = [
  ['tasks-create', { task: 'hello' }, (inside) => inside],
  ['tasks-create', { task: 'hello' }, task],
  ['tasks-create', { task: 'hello' }, (inside) => `{"location":"x","systemData":${inside}}`],
  ['tasks-update', { task: 'hello' }, (inside) => inside],
  ['tasks-update', { task: 'hello' }, task],
  ['registries-schedule-run', {}, (inside) => inside],
  [
    'registries-schedule-run',
    {},
    (inside) => `{"type":"TaskRunRequest","taskId":"hello","values":${inside}}`,
  ],
  ['runs-update', { run: 'ca1' }, (inside) => `{"properties":${inside}}`],
  ['plan', {}, (inside) => `{"image":${inside}}`],
];
for (const [at, [name, params, body]] of operations.entries())
  for (const levels of [100, 20_000, 200_000])
    test(`${name} refuses ${levels} levels of JSON in a sentence (body ${at + 1})`, async () => {
      const { call } = createApiWorld();
      await call('tasks-create', { task: 'hello' }, hello);
      const before = await call('tasks-list-details', { task: 'hello' });
      for (const inside of [lists(levels), objects(levels)]) {
        const { status, body: answer } = await call(name, params, body(inside));
        assert.equal(status, 400, JSON.stringify(answer));
        assert.equal(answer.error.code, 'InvalidRequestContent');
        assert.match(answer.error.message, /more than 64 levels/);
      }
      assert.deepEqual(await call('tasks-list-details', { task: 'hello' }), before);
    });

for (const body of [lists(20_000), objects(20_000), `payload=${encodeURIComponent(objects(20_000))}`])
  test(`a signed delivery of ${body.length} letters in 20,000 levels is refused in a sentence`, async () => {
    const { call } = createApiWorld();
    await call('tasks-create', { task: 'hello' }, hello);
    const { body: details } = await call('tasks-list-details', { task: 'hello' });
    const { secret } = details.properties.plinth.webhooks[0];
    const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
    const headers = {
      'x-hub-signature-256': signature,
      'x-github-event': 'push',
      'x-github-delivery': 'd',
    };
    const { status, body: answer } = await call(
      'sourceWebhook',
      { task: 'hello', trigger: 'commits' },
      body,
      headers,
    );
    assert.equal(status, 400, JSON.stringify(answer));
    assert.match(answer.error.message, /more than 64 levels/);
  });

for (const inside of [lists(20_000), objects(20_000)])
  test(`an event with 20,000 levels (${inside[0]}) is taken and counted as none of a registry`, async () => {
    const { event, ports } = createApiWorld();
    await event('imagePushed', JSON.parse(`{"id":"1","eventType":"a","data":${inside}}`));
    assert.deepEqual(
      (await ports.store.ignored()).map(({ kind, example }) => [kind, example]),
      [['schema', 'it has more than 64 levels of objects and lists in one another']],
    );
  });

test('as many levels as a body of ARM may have are read', async () => {
  const { call } = createApiWorld();
  const { body } = await call(
    'tasks-create',
    { task: 'hello' },
    { ...hello, systemData: JSON.parse(objects(63)) },
  );
  assert.equal(body.name, 'hello');
});

test.run();
