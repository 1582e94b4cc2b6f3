import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import { parseAcrEvent } from '../../shared/events/acrEvent.ts';

const read = (name: string) =>
  JSON.parse(readFileSync(join(import.meta.dirname, '../fixtures/events', name), 'utf8'));
const id =
  '/subscriptions/faa080af-c1d8-40ad-9cce-e1a450ca5b57/resourceGroups/jolov/providers/Microsoft.ContainerRegistry/registries/jolovcr';
const registries = [
  { name: 'jolovcr', id, loginServer: 'jolovcr.azurecr.io', endpoint: 'https://jolovcr.azurecr.io' },
];
const sample = read('eventgrid-image_pushed.json');
const with_ = (change: object) => ({ ...sample, ...change });
const withData = (change: object) => with_({ data: { ...sample.data, ...change } });

for (const name of ['eventgrid-image_pushed.json', 'cloudevents-image_pushed.json']) {
  test(`${name} is a push`, () => {
    assert.deepEqual(parseAcrEvent(read(name), registries), {
      id: 'c25fdb80-ebbd-4dd0-a29c-a7349e6388f6',
      image: 'jolovcr.azurecr.io/samples/nginx:latest',
      digest: 'sha256:57a94fc99816c6aa225678b738ac40d85422e75dbb96115f1bb9b6ed77176166',
      timestamp: '2021-09-08T06:37:45.468Z',
    });
  });
}

const accepted: [title: string, event: object][] = [
  ['the old type without its first part', with_({ eventType: 'ImagePushed' })],
  ['a topic in other letters', with_({ topic: id.toUpperCase() })],
  [
    'a replica of the registry in another region',
    withData({ request: { host: 'jolovcr.westus.geo.azurecr.io' } }),
  ],
  ['a timestamp with an offset', withData({ timestamp: '2021-09-08T08:37:45.468+02:00' })],
];
for (const [title, event] of accepted)
  test(`takes: ${title}`, () => {
    const push = parseAcrEvent(event, registries);
    assert.ok(!('ignored' in push), JSON.stringify(push));
    assert.equal(push.image, 'jolovcr.azurecr.io/samples/nginx:latest');
    assert.equal(push.timestamp, '2021-09-08T06:37:45.468Z');
  });

const target = sample.data.target;
const ignored: [title: string, event: unknown, why: RegExp][] = [
  ['a delete', read('eventgrid-image_deleted.json'), /is no push/],
  ['a push without a tag', withData({ target: { ...target, tag: undefined } }), /without a tag/],
  [
    'a registry that is not in the settings',
    withData({ request: { host: 'other.azurecr.io' } }),
    /not a registry of the settings/,
  ],
  ['a topic of somebody else', with_({ topic: id.replace('jolovcr', 'mallory') }), /topic is not jolovcr/],
  ['no topic at all', with_({ topic: undefined }), /topic is not jolovcr/],
  ['a digest that is none', withData({ target: { ...target, digest: 'latest' } }), /cannot be read/],
  ['a timestamp that is none', withData({ timestamp: 'yesterday' }), /cannot be read/],
  ['a repository that cannot be named', withData({ target: { ...target, repository: 'A b' } }), /./],
  ['another schema', { hello: 'world' }, /not an event of a container registry/],
  ['no object', 'nonsense', /not an event of a container registry/],
  ['nothing', null, /not an event/],
];
for (const [title, event, why] of ignored)
  test(`ignores: ${title}`, () => {
    const push = parseAcrEvent(event, registries);
    assert.ok('ignored' in push);
    assert.match(push.ignored, why);
  });

test.run();
