import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { type EventGrid, type EventGridEvent, startEventGrid } from '../../../local/eventGrid/eventGrid.ts';
import { waitFor } from '../../doubles/waitFor.ts';
import { type Got, startEndpoint } from './eventGridEndpoint.ts';

const subscriptionId = '11111111-1111-1111-1111-111111111111';
const registryResourceId = `/subscriptions/${subscriptionId}/resourceGroups/localrg/providers/Microsoft.ContainerRegistry/registries/baseacr`;
const topics = [{ registryResourceId, loginServer: 'baseacr.azurecr.io', location: 'westeurope' }];

const pushed = (subject: string): EventGridEvent => ({
  id: subject,
  topic: registryResourceId,
  subject,
  eventType: 'Microsoft.ContainerRegistry.ImagePushed',
  eventTime: '2026-01-01T00:00:00.0000000Z',
  data: {},
  dataVersion: '2.0',
  metadataVersion: '1',
});

const test = suite('event grid');
const stops: Array<() => Promise<unknown>> = [];
test.after.each(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});
const log: string[] = [];
/** 10 s of the schedule last 100 ms. */
async function eventGrid(options: { responseTimeoutMs?: number } = {}): Promise<EventGrid> {
  const grid = await startEventGrid({ topics, timeScale: 0.01, log: (line) => log.push(line), ...options });
  stops.push(grid.stop);
  return grid;
}
async function endpoint(answer?: (event: Got, nth: number) => number | 'never') {
  const one = await startEndpoint(answer);
  stops.push(one.stop);
  return one;
}

const notification = (target: object) => ({
  events: [
    {
      id: 'n1',
      timestamp: '2026-01-01T00:00:00.123456789Z',
      action: 'push',
      target: {
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        size: 7,
        length: 7,
        digest: 'sha256:1',
        repository: 'baseimages/node',
        ...target,
      },
      request: { id: 'q1', addr: '127.0.0.1:1', host: 'localhost:5001', method: 'PUT', useragent: 'buildah' },
    },
  ],
});
const notify = (grid: EventGrid, body: string, registry = 'baseacr', authorization?: string) =>
  fetch(grid.notificationUrl(registry), {
    method: 'POST',
    body,
    headers: {
      'content-type': 'application/vnd.docker.distribution.events.v1+json',
      authorization: authorization ?? `Bearer ${grid.notificationSecret}`,
    },
  });

test("a registry's notification arrives as an array of one event, with Event Grid's headers", async () => {
  const [grid, hook] = [await eventGrid(), await endpoint()];
  await grid.subscribe({ registryResourceId, endpointUrl: hook.url, name: 'plinth' });
  assert.equal((await notify(grid, JSON.stringify(notification({ tag: '15-alpine' })))).status, 200);
  await grid.settled();
  const [{ headers, body }] = hook.got as [Got];
  assert.equal(headers['aeg-event-type'], 'Notification');
  assert.equal(headers['aeg-subscription-name'], 'PLINTH');
  assert.equal(headers['aeg-delivery-count'], '0');
  assert.equal(headers['content-type'], 'application/json; charset=utf-8');
  assert.equal(body.length, 1);
  const { subject, topic, data, eventType } = body[0];
  assert.equal(subject, 'baseimages/node:15-alpine');
  assert.equal(topic, registryResourceId);
  assert.equal(eventType, 'Microsoft.ContainerRegistry.ImagePushed');
  assert.equal(data.request.host, 'baseacr.azurecr.io');
  assert.equal(data.location, 'westeurope');
});

test('a subscription to CloudEvents gets single objects of that schema', async () => {
  const [grid, hook] = [await eventGrid(), await endpoint()];
  const schema = 'CloudEventSchemaV1_0';
  await grid.subscribe({
    registryResourceId: registryResourceId.toUpperCase(),
    endpointUrl: hook.url,
    schema,
  });
  await notify(grid, JSON.stringify(notification({ tag: '15-alpine' })));
  await grid.settled();
  const [{ headers, body }] = hook.got as [Got];
  assert.equal(headers['content-type'], 'application/cloudevents+json; charset=utf-8');
  assert.equal(headers['aeg-event-type'], 'Notification');
  const { specversion, source, type } = body;
  assert.deepEqual(
    [specversion, source, type],
    ['1.0', registryResourceId, 'Microsoft.ContainerRegistry.ImagePushed'],
  );
});

const strangers: Array<[title: string, send: (grid: EventGrid) => Promise<Response>, status: number]> = [
  ['a wrong secret', (grid) => notify(grid, '{"events":[]}', 'baseacr', 'Bearer wrong'), 401],
  ['no secret', (grid) => notify(grid, '{"events":[]}', 'baseacr', ''), 401],
  ['an unknown registry', (grid) => notify(grid, '{"events":[]}', 'otheracr'), 404],
  ['nonsense', (grid) => notify(grid, 'nonsense'), 400],
  ['no events', (grid) => notify(grid, '{}'), 400],
  ['a GET', (grid) => fetch(grid.notificationUrl('baseacr')), 404],
];
for (const [title, send, status] of strangers)
  test(`a notification with ${title} is answered ${status}`, async () => {
    assert.equal((await send(await eventGrid())).status, status);
  });

test('only the event types that were asked for arrive, and none after the subscription ended', async () => {
  const [grid, hook] = [await eventGrid(), await endpoint()];
  const includedEventTypes = ['Microsoft.ContainerRegistry.ImageDeleted'];
  const end = await grid.subscribe({ registryResourceId, endpointUrl: hook.url, includedEventTypes });
  grid.publish(
    pushed('a'),
    { ...pushed('b'), eventType: includedEventTypes[0]! },
    { ...pushed('c'), topic: '/other' },
  );
  await grid.settled();
  end();
  grid.publish({ ...pushed('d'), eventType: includedEventTypes[0]! });
  await grid.settled();
  assert.deepEqual(
    hook.got.map(({ body }) => body[0].subject),
    ['b'],
  );
});

test('what is published twice arrives twice', async () => {
  const [grid, hook] = [await eventGrid(), await endpoint()];
  await grid.subscribe({ registryResourceId, endpointUrl: hook.url });
  grid.publish(pushed('a'), pushed('a'));
  await grid.settled();
  assert.equal(hook.got.length, 2);
});

test('a failed delivery is repeated after 10 s and 30 s, here a hundredth of it, and counted', async () => {
  const [grid, hook] = [await eventGrid(), await endpoint((_, nth) => (nth < 3 ? 503 : 202))];
  await grid.subscribe({ registryResourceId, endpointUrl: hook.url });
  grid.publish(pushed('a'));
  await grid.settled();
  assert.deepEqual(
    hook.got.map(({ headers }) => headers['aeg-delivery-count']),
    ['0', '1', '2'],
  );
  const [first, second, third] = hook.got.map(({ at }) => at) as [number, number, number];
  assert.ok(second - first >= 95 && third - second >= 295, `${second - first} ms, then ${third - second} ms`);
  assert.deepEqual(grid.deadLetters(), []);
});

test('an event does not wait behind one that fails', async () => {
  const grid = await eventGrid();
  const hook = await endpoint(({ body }) => (body[0].subject === 'stuck' ? 500 : 200));
  await grid.subscribe({ registryResourceId, endpointUrl: hook.url });
  grid.publish(pushed('stuck'), pushed('next'));
  const order = await waitFor('the second attempt', () => {
    const subjects = hook.got.map(({ body }) => body[0].subject);
    return subjects.length >= 3 ? subjects : undefined;
  });
  assert.equal(order.lastIndexOf('next') < 2, true, order.join());
});

test('an endpoint that does not answer in time is asked again', async () => {
  const grid = await eventGrid({ responseTimeoutMs: 200 });
  const hook = await endpoint((_, nth) => (nth === 1 ? 'never' : 204));
  await grid.subscribe({ registryResourceId, endpointUrl: hook.url });
  grid.publish(pushed('a'));
  await grid.settled();
  assert.equal(hook.got.length, 2);
});

const givenUp: Array<[title: string, status: number, retryPolicy: object, reason: string, attempts: number]> =
  [
    ['400', 400, {}, 'UndeliverableDueToError', 1],
    ['401', 401, {}, 'UndeliverableDueToError', 1],
    ['403', 403, {}, 'UndeliverableDueToError', 1],
    ['413', 413, {}, 'UndeliverableDueToError', 1],
    ['500 to every attempt', 500, { maxDeliveryAttempts: 2 }, 'MaxDeliveryAttemptsExceeded', 2],
    ['500 until it is too old', 500, { eventTimeToLiveInMinutes: 1 }, 'TimeToLiveExceeded', 3],
  ];
for (const [title, status, retryPolicy, deadLetterReason, deliveryAttempts] of givenUp)
  test(`an event answered with ${title} is given up: ${deadLetterReason} after ${deliveryAttempts}`, async () => {
    const [grid, hook] = [await eventGrid(), await endpoint(() => status)];
    await grid.subscribe({ registryResourceId, endpointUrl: hook.url, name: 'plinth', retryPolicy });
    grid.publish(pushed('a'));
    await grid.settled();
    const [letter] = grid.deadLetters();
    const { publishTime: _p, lastDeliveryAttemptTime: _l, ...rest } = letter!;
    assert.deepEqual(rest, {
      event: pushed('a'),
      subscriptionName: 'plinth',
      deadLetterReason,
      deliveryAttempts,
      lastHttpStatusCode: status,
    });
    assert.equal(hook.got.length, deliveryAttempts);
  });

test('stop() does not wait for retries', async () => {
  const grid = await startEventGrid({ topics });
  const hook = await endpoint(() => 500);
  await grid.subscribe({ registryResourceId, endpointUrl: hook.url });
  grid.publish(pushed('a'));
  await waitFor('the first attempt', () => hook.got[0]);
  const before = performance.now();
  await grid.stop();
  assert.ok(performance.now() - before < 2000);
});

test('the log tells every attempt and no key', () => {
  assert.ok(log.some((line) => /ImagePushed a to plinth: attempt 1, HTTP 500, again in 0\.1 s/.test(line)));
  assert.ok(!log.some((line) => line.includes('secret-key')));
});

test.run();
