import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import { toCloudEvent } from '../../local/eventGrid/events.ts';
import {
  type RegistryNotification,
  type Topic,
  toRegistryEvent,
} from '../../local/eventGrid/registryEvents.ts';
import {
  afterFailure,
  type EndpointType,
  isDelivered,
  type RetryPolicy,
} from '../../local/eventGrid/retry.ts';

const sample = (name: string) =>
  JSON.parse(readFileSync(new URL(`../fixtures/events/${name}.json`, import.meta.url), 'utf8'));

/** What a docker-registry would have said, had it been the sample's registry; noise that ACR leaves out included. */
function notificationOf(event: ReturnType<typeof sample>): RegistryNotification {
  const { id, timestamp, action, target, request } = event.data;
  return {
    id,
    timestamp,
    action,
    target: { ...target, url: 'https://localhost:5001/v2/x/manifests/y', references: [] },
    request: { ...request, host: 'localhost:5001', addr: '127.0.0.1:1' },
    actor: { name: 'somebody' },
    source: { addr: 'localhost:5000', instanceID: 'x' },
  } as RegistryNotification;
}

const topicOf = (event: ReturnType<typeof sample>): Topic => ({
  registryResourceId: event.topic ?? event.source,
  loginServer: event.data.request.host,
  location: event.data.location,
});

/** Ours is for registries that are not connected ones, and ours publishes when it publishes. */
function comparable(event: ReturnType<typeof sample>) {
  const { connectedRegistry: _, ...data } = event.data;
  const { eventTime: _eventTime, time: _time, specVersion, ...rest } = event;
  return { ...rest, ...(specVersion ? { specversion: specVersion } : {}), data };
}

for (const action of ['image_pushed', 'image_deleted']) {
  test(`${action}: the event of a registry's notification is Microsoft's sample, in both schemas`, () => {
    const [eventGrid, cloud] = [sample(`eventgrid-${action}`), sample(`cloudevents-${action}`)];
    const event = toRegistryEvent(
      notificationOf(eventGrid),
      topicOf(eventGrid),
      new Date(eventGrid.eventTime),
    )!;
    assert.deepEqual(comparable(event), comparable(eventGrid));
    assert.deepEqual(comparable(toCloudEvent(event)), comparable(cloud));
  });
}

test('the sample on Microsoft Learn differs only in an envelope id of its own and no location', () => {
  const [learn] = sample('learn-cloudevents-image_pushed');
  const event = toRegistryEvent(notificationOf(learn), topicOf(learn), new Date());
  const { location: _, ...data } = comparable(toCloudEvent(event!)).data;
  assert.deepEqual(data, learn.data);
});

test('the time of an event has seven digits of a second, like the samples', () => {
  const event = toRegistryEvent(
    notificationOf(sample('eventgrid-image_pushed')),
    topicOf(sample('eventgrid-image_pushed')),
    new Date('2026-01-02T03:04:05.678Z'),
  );
  assert.equal(event?.eventTime, '2026-01-02T03:04:05.6780000Z');
});

const manifest = 'application/vnd.docker.distribution.manifest.v2+json';
const oci = 'application/vnd.oci.image.manifest.v1+json';
const index = 'application/vnd.oci.image.index.v1+json';
const list = 'application/vnd.docker.distribution.manifest.list.v2+json';
const layer = 'application/vnd.docker.image.rootfs.diff.tar.gzip';
const push = { mediaType: manifest, digest: 'sha256:1', repository: 'team/app', size: 3, length: 3 };

const cases: Array<[title: string, action: string, target: object | undefined, subject: string | undefined]> =
  [
    ['a pushed tag', 'push', { ...push, tag: 'v1' }, 'team/app:v1'],
    ['a pushed OCI manifest', 'push', { ...push, mediaType: oci, tag: 'v1' }, 'team/app:v1'],
    ['a pushed index', 'push', { ...push, mediaType: index, tag: 'v1' }, 'team/app:v1'],
    ['a pushed manifest list', 'push', { ...push, mediaType: list, tag: 'v1' }, 'team/app:v1'],
    ['a manifest pushed by digest, as one platform of an index', 'push', push, 'team/app'],
    ['a deleted digest', 'delete', { digest: 'sha256:1', repository: 'team/app' }, 'team/app'],
    ['the second delete, for a tag', 'delete', { repository: 'team/app', tag: 'v1' }, undefined],
    ['a pushed layer', 'push', { ...push, mediaType: layer }, undefined],
    ['a pushed blob', 'push', { ...push, mediaType: 'application/octet-stream' }, undefined],
    ['a mounted layer', 'mount', push, undefined],
    ['a pull', 'pull', { ...push, tag: 'v1' }, undefined],
    ['an event without a target', 'push', undefined, undefined],
  ];
for (const [title, action, target, subject] of cases)
  test(`${subject ? `publishes ${subject}` : 'publishes nothing'}: ${title}`, () => {
    const notification = { id: '1', timestamp: 't', action, target } as RegistryNotification;
    const topic = {
      registryResourceId: '/r/baseacr',
      loginServer: 'baseacr.azurecr.io',
      location: 'westeurope',
    };
    const event = toRegistryEvent(notification, topic, new Date());
    assert.equal(event?.subject, subject);
    assert.equal(
      event?.eventType.split('.').at(-1),
      subject && (action === 'push' ? 'ImagePushed' : 'ImageDeleted'),
    );
  });

for (const [status, delivered] of [
  [200, true],
  [202, true],
  [204, true],
  [205, false],
  [302, false],
  [400, false],
  [500, false],
  [undefined, false],
] as const)
  test(`${status ?? 'no answer'} ${delivered ? 'acknowledges' : 'does not acknowledge'} an event`, () => {
    assert.equal(isDelivered(status), delivered);
  });

const minutes = (n: number) => n * 60_000;
const steps: Array<
  [
    status: number | undefined,
    attempts: number,
    ageMs: number,
    policy: RetryPolicy,
    next: number | string,
    endpointType?: EndpointType,
  ]
> = [
  [500, 1, 0, {}, 10_000],
  [500, 2, 0, {}, 30_000],
  [503, 3, 0, {}, minutes(1)],
  [404, 4, 0, {}, minutes(5)],
  [undefined, 5, 0, {}, minutes(10)],
  [429, 6, 0, {}, minutes(30)],
  [408, 7, 0, {}, minutes(60)],
  [500, 8, 0, {}, minutes(180)],
  [500, 9, 0, {}, minutes(360)],
  [500, 10, 0, {}, minutes(720)],
  [500, 10, minutes(721), {}, 'TimeToLiveExceeded'],
  [500, 30, 0, {}, 'MaxDeliveryAttemptsExceeded'],
  [500, 2, 0, { maxDeliveryAttempts: 2 }, 'MaxDeliveryAttemptsExceeded'],
  [500, 1, minutes(1), { eventTimeToLiveInMinutes: 1 }, 'TimeToLiveExceeded'],
  [400, 1, 0, {}, 'UndeliverableDueToError'],
  [401, 1, 0, {}, 'UndeliverableDueToError'],
  [403, 1, 0, {}, 'UndeliverableDueToError'],
  [413, 1, 0, {}, 'UndeliverableDueToError'],
  [400, 1, 0, {}, 'UndeliverableDueToError', 'AzureFunction'],
  [401, 1, 0, {}, 10_000, 'AzureFunction'],
  [403, 1, 0, {}, 'UndeliverableDueToError', 'AzureFunction'],
  [404, 1, 0, {}, 10_000, 'AzureFunction'],
  [413, 1, 0, {}, 'UndeliverableDueToError', 'AzureFunction'],
];
for (const [status, attempts, ageMs, policy, next, endpointType = 'WebHook'] of steps)
  test(`${endpointType}: after attempt ${attempts} with ${status ?? 'no answer'}, ${ageMs / 60_000} min old${
    Object.keys(policy).length ? ` under ${JSON.stringify(policy)}` : ''
  }: ${next}`, () => {
    const expected = typeof next === 'number' ? { retryInMs: next } : { deadLetter: next };
    assert.deepEqual(afterFailure(status, attempts, ageMs, { retryPolicy: policy, endpointType }), expected);
  });

test.run();
