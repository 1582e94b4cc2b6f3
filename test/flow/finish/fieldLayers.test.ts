import assert from 'node:assert/strict';
import { test } from 'uvu';
import { imagesOf, type ManifestReader } from '../../../shared/adapters/registry/manifestReader.ts';
import { finishBuild } from '../../../shared/flow/finish/finishBuild.ts';
import type { Run } from '../../../shared/model/run.ts';
import type { ImagePlatform } from '../../../shared/ports/registry.ts';
import { createWorld } from '../../worlds/world.ts';

type Entry = { platform: ImagePlatform; layers: string[] };
const image = (platform: string, ...layers: string[]): Entry => {
  const [os = '', architecture = '', third] = platform.split('/');
  const more = os === 'windows' ? { 'os.version': third } : { variant: third };
  return { platform: { os, architecture, ...(third && more) }, layers };
};

/** A repository that holds what is named by numbers: indexes, and images each with its configuration. */
function repository(references: Record<string, Entry | Entry[]>) {
  const read: string[] = [];
  const manifests = new Map<string, unknown>();
  const blobs = new Map<string, unknown>();
  const add = (name: string, { platform, layers }: Entry) => {
    manifests.set(name, { config: { digest: `config of ${name}` } });
    blobs.set(`config of ${name}`, { ...platform, rootfs: { diff_ids: layers } });
  };
  for (const [name, entry] of Object.entries(references)) {
    if (!Array.isArray(entry)) {
      add(name, entry);
      continue;
    }
    manifests.set(name, {
      manifests: entry.map(({ platform }, at) => ({ digest: `${name}/${at}`, platform })),
    });
    for (const [at, one] of entry.entries()) add(`${name}/${at}`, one);
  }
  const reader: ManifestReader = {
    async manifest(reference) {
      read.push(reference);
      const body = manifests.get(reference);
      return body ? { digest: reference, body } : undefined;
    },
    blob: async (digest) => blobs.get(digest),
  };
  return { reader, read };
}

/** How a run ends whose image has these layers and is built on that index. */
async function endOf(made: Entry | Entry[], base: Entry | Entry[], platform: Run['platform']) {
  const world = createWorld({ registries: ['appacr'] });
  const { reader, read } = repository({ made, base });
  const { ports } = world;
  ports.registry.imagesOf = ({ digest }, _, like) => imagesOf('x', digest!, like, reader);
  ports.registry.digestOf = async () => 'base';
  await ports.store.commit('appacr', [
    {
      put: 'task',
      value: {
        ...world.task('app', []),
        registry: 'appacr',
        name: 'app',
        creationDate: '2026-01-01T00:00:00Z',
      },
    },
  ]);
  const run = {
    registry: 'appacr',
    runId: 'ca1',
    task: 'app',
    status: 'Running',
    platform,
    pinnedAt: '2026-01-01T00:00:00Z',
    createTime: '2026-01-01T00:00:00Z',
    pins: [{ image: 'docker.io/library/base:1', digest: 'base', type: 'RunTime' }],
    // Not as the task is defined, so that only its image is looked at.
    overrides: { arguments: [], values: [] },
  } as unknown as Run;
  const outputImages = [{ registry: 'appacr.azurecr.io', repository: 'app', tag: '1', digest: 'made' }];
  const ending = await finishBuild(run, { runId: 'e1', status: 'Succeeded', outputImages }, ports);
  return { ending, read };
}

const linux = { os: 'Linux', architecture: 'amd64' } as const;
const index = [
  image('linux/amd64', 'amd'),
  image('linux/arm/v6', 'v6'),
  image('linux/arm/v7', 'v7'),
  image('linux/arm64/v8', 'v8'),
  image('unknown/unknown', 'attestation'),
];
const windows = [image('windows/amd64/10.0.17763.1', '2019'), image('windows/amd64/10.0.20348.1', '2022')];
const rows: [title: string, made: Entry | Entry[], base: Entry | Entry[], platform?: Run['platform']][] = [
  ['the platform of the task', image('linux/amd64', 'amd', 'own'), index],
  ['another platform of a FROM or a step', image('linux/arm64/v8', 'v8', 'own'), index],
  [
    'ARM without a variant in the task',
    image('linux/arm/v7', 'v7', 'own'),
    index,
    { os: 'Linux', architecture: 'arm' },
  ],
  [
    'v6 in a task for v7',
    image('linux/arm/v6', 'v6', 'own'),
    index,
    { os: 'Linux', architecture: 'arm', variant: 'v7' },
  ],
  ['arm64 whose configuration says no variant', image('linux/arm64', 'v8', 'own'), index],
  ['a base that says another platform than it is', image('linux/s390x', 'amd', 'own'), index],
  [
    'the second version of Windows',
    image('windows/amd64/10.0.20348.1', '2022', 'own'),
    windows,
    { os: 'Windows', architecture: 'amd64' },
  ],
  [
    'a version of Windows that the index does not name',
    image('windows/amd64/10.0.20348.9', '2022', 'own'),
    windows,
    { os: 'Windows', architecture: 'amd64' },
  ],
  [
    'a base of one image, for another platform',
    image('linux/arm64', 'only', 'own'),
    image('linux/amd64', 'only'),
  ],
  [
    'an index of images, each on its own',
    [image('linux/amd64', 'amd', 'own'), image('linux/arm64/v8', 'v8', 'own'), image('unknown/unknown', 'x')],
    index,
  ],
  ['nothing added to the base', image('linux/amd64', 'amd'), index],
];
for (const [title, made, base, platform = linux] of rows)
  test(`an image is built on its base: ${title}`, async () => {
    const { ending } = await endOf(made, base, platform);
    assert.equal(ending.status, 'Succeeded', ending.runErrorMessage);
  });

const wrong: [title: string, made: Entry | Entry[], base: Entry | Entry[]][] = [
  ['other layers', image('linux/amd64', 'other', 'own'), index],
  ['fewer layers', image('linux/amd64', 'amd'), [image('linux/amd64', 'amd', 'more')]],
  ['the layers in another order', image('linux/amd64', 'b', 'a'), [image('linux/amd64', 'a', 'b')]],
  ['one image of an index that does not', [image('linux/amd64', 'amd'), image('linux/arm64', 'own')], index],
];
for (const [title, made, base] of wrong)
  test(`an image is not built on its base: ${title}`, async () => {
    const { ending } = await endOf(made, base, linux);
    assert.equal(ending.status, 'Failed');
    assert.match(
      ending.runErrorMessage!,
      /does not begin with the layers of docker\.io\/library\/base:1@base/,
    );
  });

test('of an index that image is read first which is for the same platform', async () => {
  const { read } = await endOf(image('linux/arm64/v8', 'v8', 'own'), index, linux);
  assert.deepEqual(read, ['made', 'base', 'base/3']);
});

test.run();
