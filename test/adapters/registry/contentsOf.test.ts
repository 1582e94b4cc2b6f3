import assert from 'node:assert/strict';
import { test } from 'uvu';
import { contentsOf } from '../../../shared/adapters/registry/manifestReader.ts';

/** A manifest with a config and layers, named by letters. */
const image = (config: string, layers: string, more: object = {}) => ({
  config: { digest: `sha256:config-${config}` },
  layers: [...layers].map((layer) => ({ digest: `sha256:layer-${layer}` })),
  ...more,
});
const index = (manifests: Record<string, string>, more: object = {}) => ({
  manifests: Object.entries(manifests).map(([platform, digest]) => {
    const [os, architecture, variant] = platform.replace(/#.*/, '').split('/');
    return { digest, platform: { os, architecture, ...(variant && { variant }) } };
  }),
  ...more,
});
const blobs: Record<string, object> = {
  one: image('1', 'ab'),
  noted: image('1', 'ab', { annotations: { built: 'today' } }),
  two: image('2', 'ab'),
  packed: image('1', 'xy'),
  arm: image('3', 'cd'),
  proof: image('4', 'e'),
  other: image('5', 'e'),
};
const amd64 = 'linux/amd64';

const cases: [what: string, before: object, after: object, platform: string, isSame: boolean][] = [
  [
    'an index and another with the same manifest',
    index({ [amd64]: 'one' }),
    index({ [amd64]: 'one' }, { annotations: { a: 'b' } }),
    amd64,
    true,
  ],
  ['an index and the manifest that it names', index({ [amd64]: 'one' }), blobs.one!, amd64, true],
  ['a manifest and an index of it', blobs.one!, index({ [amd64]: 'one' }), amd64, true],
  [
    'an index of which another platform changed',
    index({ [amd64]: 'one', 'linux/arm64/v8': 'arm' }),
    index({ [amd64]: 'one', 'linux/arm64/v8': 'two' }),
    amd64,
    true,
  ],
  [
    'the same index for the platform that changed',
    index({ [amd64]: 'one', 'linux/arm64/v8': 'arm' }),
    index({ [amd64]: 'one', 'linux/arm64/v8': 'two' }),
    'linux/arm64',
    false,
  ],
  ['a manifest with other annotations', blobs.one!, blobs.noted!, amd64, true],
  [
    'an index of a manifest with other annotations',
    index({ [amd64]: 'one' }),
    index({ [amd64]: 'noted' }),
    amd64,
    true,
  ],
  [
    'an index with another attestation',
    index({ [amd64]: 'one', 'unknown/unknown': 'proof' }),
    index({ [amd64]: 'one', 'unknown/unknown': 'other' }),
    amd64,
    true,
  ],
  ['another config over the same layers', blobs.one!, blobs.two!, amd64, false],
  ['the same config over layers packed anew', blobs.one!, blobs.packed!, amd64, false],
  ['a platform that is gone', index({ [amd64]: 'one' }), index({ 'linux/arm64/v8': 'one' }), amd64, false],
  [
    'the variant that is asked for, while another changed',
    index({ 'linux/arm/v6': 'one', 'linux/arm/v7': 'two' }),
    index({ 'linux/arm/v6': 'arm', 'linux/arm/v7': 'two' }),
    'linux/arm/v7',
    true,
  ],
  [
    'a variant where none is asked for',
    index({ 'linux/arm/v6': 'one', 'linux/arm/v7': 'two' }),
    index({ 'linux/arm/v6': 'arm', 'linux/arm/v7': 'two' }),
    'linux/arm',
    false,
  ],
  [
    'one of two Windows versions',
    index({ 'windows/amd64#1': 'one', 'windows/amd64#2': 'two' }),
    index({ 'windows/amd64#1': 'one', 'windows/amd64#2': 'arm' }),
    'windows/amd64',
    false,
  ],
];
for (const [what, before, after, platform, isSame] of cases)
  test(`${what}: ${isSame ? 'the same' : 'another'} for ${platform}`, async () => {
    const contentFor = async (body: object) => {
      const manifest = async (digest: string) => ({ digest, body: digest === 'top' ? body : blobs[digest] });
      const { contents } = await contentsOf('base', 'top', [platform], {
        manifest,
        blob: async () => undefined,
      });
      return contents[platform] ?? contents['*'];
    };
    const [one, other] = [await contentFor(before), await contentFor(after)];
    assert.ok(one !== undefined);
    assert.equal(one === other, isSame);
  });

test('an index is read once, and of its manifests those of the platforms that are asked for', async () => {
  const read: string[] = [];
  const top = index({
    [amd64]: 'one',
    'linux/arm64/v8': 'arm',
    'linux/s390x': 'two',
    'unknown/unknown': 'proof',
  });
  const manifest = async (digest: string) => {
    read.push(digest);
    return { digest, body: digest === 'top' ? top : blobs[digest] };
  };
  const asked = { manifest, blob: async () => assert.fail('no blob is read') };
  const { contents, manifests } = await contentsOf(
    'base',
    'top',
    [amd64, 'linux/arm64', 'linux/arm64/v8', 'linux/386'],
    asked,
  );
  assert.deepEqual(read.sort(), ['arm', 'one', 'top']);
  assert.deepEqual(Object.keys(contents), [amd64, 'linux/arm64', 'linux/arm64/v8']);
  assert.deepEqual(manifests, { [amd64]: ['one'], 'linux/arm64': ['arm'], 'linux/arm64/v8': ['arm'] });
});

test('what is no image, or is not there, is an error', async () => {
  const manifest = async (digest: string) =>
    digest === 'gone'
      ? undefined
      : { digest, body: digest === 'top' ? index({ [amd64]: 'chart' }) : { config: 1 } };
  const reader = { manifest, blob: async () => undefined };
  await assert.rejects(contentsOf('base', 'top', [amd64], reader), /is not an image/);
  await assert.rejects(contentsOf('base', 'gone', [amd64], reader), /is not in the registry/);
});

test.run();
