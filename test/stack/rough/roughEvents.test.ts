import assert from 'node:assert/strict';
import { type EventGridEvent, startEventGrid } from '../../../local/eventGrid/eventGrid.ts';
import { eventually } from '../../../local/tutorial/apiClient.ts';
import { someRows } from '../../tier.ts';
import { startEndpoint } from '../eventGrid/eventGridEndpoint.ts';
import { pushRows } from './pushRows.ts';

const becomes = 'one run on the new base';
const ended = ['Succeeded'];

const { test } = pushRows(
  'rough events',
  { shares: { eventNever: 1000, eventLate: 1000, eventTwice: 1000 } },
  someRows(
    [
      { name: 'eventLate', becomes, ended },
      { name: 'eventTwice', becomes, ended },
      { name: 'eventOfReplica', becomes, ended },
      { name: 'eventNever', becomes: `${becomes}, which the clock finds`, ended },
    ],
    () => 'a push',
  ),
);

const topic = '/subscriptions/1/resourceGroups/r/providers/Microsoft.ContainerRegistry/registries/baseacr';
const event = (id: string): EventGridEvent => ({
  ...{ id, topic, subject: id, eventType: 'any', eventTime: '2026-01-01T00:00:00.0000000Z' },
  ...{ data: {}, dataVersion: '2.0', metadataVersion: '1' },
});

/** What a function answers to each attempt, how many attempts there are, and whether the event is given up. */
const answers: Array<
  [title: string, answers: Array<number | 'never'>, attempts: number, isGivenUp: boolean]
> = [
  ['403 of an app that was stopped', [403, 202], 1, true],
  ['413', [413, 202], 1, true],
  ['400', [400, 202], 1, true],
  ['401 of an app that just starts', [401, 202], 2, false],
  ['404 of a function that is not there yet', [404, 202], 2, false],
  ['500', [500, 500, 202], 3, false],
  ['no answer in 30 s', ['never', 202], 2, false],
];
for (const [title, given, attempts, isGivenUp] of answers)
  test(`a function is an endpoint of its own rules: ${title} is ${isGivenUp ? 'final' : 'tried again'}`, async () => {
    const endpoint = await startEndpoint((_, nth) => given[nth - 1] ?? 202);
    const grid = await startEventGrid({
      topics: [{ registryResourceId: topic, loginServer: 'baseacr.azurecr.io', location: 'local' }],
      timeScale: 0.001,
      responseTimeoutMs: 300,
    });
    await grid.subscribe({
      ...{ registryResourceId: topic, endpointUrl: endpoint.url, endpointType: 'AzureFunction' },
    });
    grid.publish(event('one'));
    await grid.settled();
    assert.equal(endpoint.got.length, attempts);
    assert.equal(grid.deadLetters().length, isGivenUp ? 1 : 0);
    await grid.stop();
    await endpoint.stop();
  });

test('an endpoint that failed ten times in a row is left alone, its new events too', async () => {
  let isWell = false;
  const endpoint = await startEndpoint(() => (isWell ? 202 : 500));
  const grid = await startEventGrid({
    topics: [{ registryResourceId: topic, loginServer: 'baseacr.azurecr.io', location: 'local' }],
    timeScale: 0.05,
  });
  await grid.subscribe({
    registryResourceId: topic,
    endpointUrl: endpoint.url,
    endpointType: 'AzureFunction',
  });
  grid.publish(...Array.from({ length: 10 }, (_, at) => event(`failing ${at}`)));
  await eventually('ten failures', 20, async () => endpoint.got.length >= 10);
  isWell = true;
  const failedAt = endpoint.got.at(-1)!.at;
  grid.publish(event('new'));
  await grid.settled();
  const cameAt = endpoint.got.find(({ body }) => body[0].id === 'new')!.at;
  // Thirty seconds, in this scale.
  assert.ok(cameAt - failedAt >= 1400, `after ${cameAt - failedAt} ms`);
  await grid.stop();
  await endpoint.stop();
});

test.run();
