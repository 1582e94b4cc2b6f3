import assert from 'node:assert/strict';
import { test } from 'uvu';
import { BuildFault } from '../../../../shared/flow/buildFault.ts';
import { baseNotes, pinAll } from '../../../../shared/flow/prepare/resolveDigests.ts';
import type { Judgement, Policy } from '../../../../shared/model/bases/policy.ts';
import type { Sighting } from '../../../../shared/model/bases/sightings.ts';
import type { Pin, Run } from '../../../../shared/model/run.ts';
import type { TaskProperties } from '../../../../shared/model/task.ts';
import { RegistryError } from '../../../../shared/ports/registry.ts';
import { sampleState } from '../../../doubles/storeContract.ts';
import { callsOf } from '../../push/steps/pushWorld.ts';
import { base, digest, encodedStep, type Images, jobOf, registry } from './jobs.ts';

const image = `${base}:1`;
const step = encodedStep(['cmd: x']);
const [a, b, c] = [digest('a'), digest('b'), digest('c')];
const ago = (minutes: number, more = 0) =>
  new Date(Date.parse('2026-11-23T10:00:00.000Z') - minutes * 60_000 + more).toISOString();
const seen = (of: string, minutes = 120, more = 0): Sighting => ({
  ...{ digest: of, firstSeen: ago(minutes, more), since: ago(minutes, more), sure: true },
});
const said = (of: string, verdict: Judgement['verdict'] = 'quarantined', holds?: string[]): Judgement => ({
  ...{ digest: of, image: 'docker.io/library/bad:1', verdict, reason: 'CVE-2026-1', time: ago(60) },
  ...(holds && { holds }),
});
const pin = (of: string, name = image): Pin => ({ image: name, type: 'RunTime', digest: of });
const oneDay: Policy = { images: 'baseacr.azurecr.io/**', minimumAge: '1d' };
const asked = { overrides: { arguments: [], values: [] } } satisfies Partial<Run>;
const bad = (of: string) => `${of} is quarantined: CVE-2026-1`;
const young = (of: string) =>
  `${of} is held until 2026-11-24T08:00:00.000Z: baseacr.azurecr.io/** has a minimum age of 1d`;
const noOther = (why: string) =>
  `Base image ${image}: ${why}. There is no other digest to build on: push a newer one, or admit one (POST …/admit).`;
const absent = `Base image ${image} does not exist. Is the name right, and was it pushed?`;

interface Row {
  title: string;
  /** Where it is not `base:1`. */
  of?: string;
  /** What was seen of it, the newest last. */
  digests?: Sighting[];
  /** What its registry answers for the tag, and digests that it does not have. */
  tag?: string | undefined;
  gone?: string[];
  judgements?: Judgement[];
  /** What digests are for platforms. */
  contents?: Record<string, Record<string, string>>;
  policies?: Policy[];
  /** What the task was built on; null where it has a state, and was not. */
  built?: Pin[] | null;
  run?: Partial<Run>;
  properties?: Partial<TaskProperties>;
  pinned?: string;
  notNewest?: string;
  refused?: string;
  /** The digests by which its registry is asked; of the tag it is asked first. */
  asks?: string[];
  /** The digests of which it is asked what they hold. */
  holds?: string[];
  /** What is remembered afterwards, where that is not `digests`. */
  after?: string[];
}
const bNew = [seen(a), seen(b)];
const cNew = [seen(a), seen(b), seen(c)];
const rows: Row[] = [
  { title: 'one that was never seen', tag: a, pinned: a, after: [a] },
  { title: 'one that was never seen, of what is asked for once', tag: a, run: asked, pinned: a, after: [] },
  { title: 'one that was never seen, of a pull request', tag: a, run: { aside: true }, pinned: a, after: [] },
  { title: 'one that is not there', tag: undefined, refused: absent },
  { title: 'one that was there', digests: bNew, tag: undefined, refused: absent },
  {
    title: 'one that was there, where another is quarantined',
    ...{ digests: bNew, tag: undefined, judgements: [said(a)], refused: absent },
  },
  { title: 'a tag that is moved', digests: bNew, tag: c, pinned: c, after: [a, b, c] },
  {
    title: 'a tag that a replica has not moved yet',
    ...{ digests: [seen(a), seen(b, 5)], tag: a, pinned: b },
  },
  {
    title: 'a tag of which nothing is quarantined',
    ...{ digests: bNew, tag: b, judgements: [said(a, 'admitted'), said(b, 'released')], pinned: b },
  },
  {
    title: 'a tag of which another is quarantined',
    ...{ digests: bNew, tag: b, judgements: [said(c)], pinned: b, holds: [b] },
  },
  {
    title: 'a tag of which the newest is quarantined',
    ...{ digests: bNew, tag: b, judgements: [said(b)], pinned: a, notNewest: bad(b) },
    ...{ asks: [a], holds: [b, a] },
  },
  {
    title: 'a tag that was deleted, of which the newest is quarantined',
    ...{ digests: bNew, tag: undefined, judgements: [said(b)], pinned: a, notNewest: bad(b) },
    ...{ asks: [a], holds: [b, a] },
  },
  {
    title: 'a tag of which the newest is quarantined, and a replica answers the one before',
    ...{ digests: [seen(a), seen(b, 5)], tag: a, judgements: [said(b)], pinned: a, notNewest: bad(b) },
    holds: [b, a],
  },
  {
    title: 'a tag of which two are quarantined',
    ...{ digests: cNew, tag: c, judgements: [said(b), said(c)], pinned: a, notNewest: bad(c) },
    ...{ asks: [a], holds: [c, a] },
  },
  {
    title: 'a tag of which all are quarantined',
    ...{ digests: bNew, tag: b, judgements: [said(a), said(b)], refused: noOther(bad(b)), holds: [b] },
  },
  {
    title: 'a tag of which the newest is the same as one that is quarantined',
    ...{ digests: bNew, tag: b, judgements: [said(c, 'quarantined', ['same'])], pinned: a },
    contents: { [b]: { 'linux/amd64': 'same' } },
    ...{ notNewest: `${b} holds the same as ${c.slice(0, 19)}, which is quarantined: CVE-2026-1` },
    ...{ asks: [a], holds: [b, a] },
  },
  {
    title: 'a tag of which the one before is the same as one that is quarantined',
    ...{ digests: cNew, tag: c, judgements: [said(c, 'quarantined', ['same'])], pinned: a },
    ...{ contents: { [b]: { 'linux/amd64': 'same' } }, notNewest: bad(c), asks: [a], holds: [c, b, a] },
  },
  {
    title: 'a tag of which the one before is the same for another platform',
    ...{ digests: cNew, tag: c, judgements: [said(c, 'quarantined', ['same'])], pinned: b },
    ...{ contents: { [b]: { 'linux/arm64': 'same' } }, notNewest: bad(c), asks: [b], holds: [c, b] },
  },
  {
    title: 'a tag of which the one before is the same for the task’s platform',
    properties: { platform: { os: 'Linux', architecture: 'arm64' } },
    ...{ digests: cNew, tag: c, judgements: [said(c, 'quarantined', ['same'])], pinned: a },
    ...{ contents: { [b]: { 'linux/arm64': 'same' } }, notNewest: bad(c), asks: [a], holds: [c, b, a] },
  },
  {
    title: 'a tag of which the one before is gone',
    ...{ digests: cNew, tag: c, gone: [b], judgements: [said(c)], pinned: a, notNewest: bad(c) },
    ...{ asks: [b, a], holds: [c, b, a], after: [a, c] },
  },
  {
    title: 'a tag of which the one before is gone, of what is asked for once',
    ...{ digests: cNew, tag: c, gone: [b], judgements: [said(c)], pinned: a, notNewest: bad(c) },
    ...{ asks: [b, a], holds: [c, b, a], run: asked },
  },
  {
    title: 'a tag of which all that is not quarantined is gone',
    ...{ digests: cNew, tag: c, gone: [a, b], judgements: [said(c)], refused: noOther(bad(c)) },
    ...{ asks: [b, a], holds: [c, b, a], after: [c] },
  },
  {
    title: 'a tag of which the one before was pushed fifteen minutes ago, and is gone',
    ...{ digests: [seen(a), seen(b, 15), seen(c, 1)], tag: c, gone: [b], judgements: [said(c)], pinned: a },
    ...{ notNewest: bad(c), asks: [b, a], holds: [c, b, a], after: [a, c] },
  },
  {
    title: 'one that is too young, never built',
    ...{
      digests: [seen(b)],
      tag: b,
      policies: [oneDay],
      pinned: b,
      notNewest: `${young(b)}. It is the task's first build, which takes what there is`,
    },
  },
  {
    title: 'one that is too young, of a task that has a state',
    ...{
      digests: [seen(b)],
      tag: b,
      policies: [oneDay],
      built: null,
      pinned: b,
      notNewest: `${young(b)}. It is the task's first build, which takes what there is`,
    },
  },
  {
    title: 'one that is too young, of a task that was built on another',
    ...{
      digests: [seen(b)],
      tag: b,
      policies: [oneDay],
      built: [pin(b, `${base}:2`)],
      pinned: b,
      notNewest: `${young(b)}. It is the task's first build, which takes what there is`,
    },
  },
  {
    title: 'one that is too young, of a task that is built on it',
    ...{
      digests: [seen(b)],
      tag: b,
      policies: [oneDay],
      built: [pin(a, `${base}:2`), pin(b)],
      pinned: b,
      notNewest: young(b),
    },
  },
  {
    title: 'one that is too young, of a task that is built on one that is not known',
    ...{ digests: [seen(b)], tag: b, policies: [oneDay], built: [pin(a)], refused: noOther(young(b)) },
  },
  {
    title: 'one that is too young, of a task that is built on the one before',
    ...{
      digests: [seen(a, 3000), seen(b)],
      tag: b,
      policies: [oneDay],
      built: [pin(b, `${base}:2`), pin(a)],
      pinned: a,
      notNewest: young(b),
      asks: [a],
    },
  },
];
for (const row of rows)
  test(`what a base image is pinned to: ${row.title}${row.refused ? ' is refused' : ''}`, async () => {
    const { digests = [], gone = [], built } = row;
    const images: Images = { [image]: row.tag };
    for (const one of gone) images[`${image}@${one}`] = undefined;
    const { job, world, asked } = jobOf({ step, images, run: row.run, properties: row.properties });
    const { store, settings } = job.ports;
    settings.policies = row.policies ?? [];
    if (digests.length > 0) await store.putSightings({ image, digests }, undefined);
    if (row.judgements) await store.putJudgements({ judgements: row.judgements }, undefined);
    for (const [one, of] of Object.entries(row.contents ?? {})) world.contents.set(one, of);
    const state = { ...sampleState(registry, 'app'), ...(built && { built: { runId: 'c1', pins: built } }) };
    if (built !== undefined) await store.commit(registry, [{ put: 'state', value: state }]);

    const pinning = pinAll([{ image, type: 'BuildTime' }], job);
    if (row.refused) await assert.rejects(pinning, new BuildFault(row.refused));
    else {
      const { pinned, notNewest } = row;
      const expected = { image, type: 'BuildTime', digest: pinned, ...(notNewest && { notNewest }) };
      assert.deepEqual(await pinning, [expected]);
    }
    assert.deepEqual(asked, [image, ...(row.asks ?? []).map((one) => `${image}@${one}`)]);
    assert.deepEqual(world.asked, row.holds ?? []);
    const known = (await store.sightings(image))?.value.digests ?? [];
    assert.deepEqual(
      known.map((one) => one.digest),
      row.after ?? digests.map((one) => one.digest),
      'what is remembered',
    );
  });

for (const [title, isBOld] of [
  ['the only one before', true],
  ['one of two before', false],
] as const)
  test(`a digest that a replica may not have yet is waited for: ${title}`, async () => {
    const images = { [image]: c, [`${image}@${b}`]: undefined };
    const { job } = jobOf({ step, images });
    const { store } = job.ports;
    const digests = [...(isBOld ? [] : [seen(a)]), seen(b, 15, 1), seen(c, 1)];
    await store.putSightings({ image, digests }, undefined);
    await store.putJudgements({ judgements: [said(c)] }, undefined);
    await assert.rejects(pinAll([{ image, type: 'RunTime' }], job), (error) => {
      assert.ok(error instanceof RegistryError);
      assert.deepEqual(
        [error.code, error.message, error.retryAfter],
        ['Unreachable', `${image}@${b} is not there yet`, 60],
      );
      return true;
    });
    assert.equal((await store.sightings(image))!.value.digests.length, digests.length, 'none is forgotten');
  });

const other = `${base}:2`;
const byDigest = `${base}:3@${c}`;
/** Each: the images, what was recorded when the run was claimed, which are asked for, how often judgements are read. */
const reads: [title: string, images: string[], recorded: Pin[] | undefined, asks: string[], reads: number][] =
  [
    ['no image', [], undefined, [], 0],
    ['two that are new', [image, other], undefined, [image, other], 1],
    ['two that were recorded', [image, other], [pin(b), pin(c, other)], [], 0],
    [
      'one that was recorded and two that are new',
      [image, other, `${base}:4`],
      [pin(b)],
      [other, `${base}:4`],
      1,
    ],
    ['one that names its digest', [byDigest], undefined, [], 1],
    ['one that names its digest, and one that was recorded', [byDigest, image], [pin(b)], [], 1],
    ['one that names its digest, and two that are new', [byDigest, image, other], [], [image, other], 1],
  ];
for (const [title, images, recorded, asks, count] of reads)
  test(`what is read to pin base images: ${title}`, async () => {
    const { job, world, asked } = jobOf({ step, run: recorded && { pins: recorded } });
    const calls = callsOf(world, 'judgements', 'sightings', 'putSightings', 'state');
    const pins = await pinAll(
      images.map((of) => ({ image: of, type: 'RunTime' })),
      job,
    );
    const digestOf = (of: string) =>
      recorded?.find((one) => one.image === of)?.digest ?? of.split('@')[1] ?? digest(of.at(-1)!);
    assert.deepEqual(
      pins,
      images.map((of) => pin(digestOf(of), of)),
    );
    assert.deepEqual(asked, asks);
    const of = (name: string) => calls.filter((call) => call.name === name).length;
    assert.deepEqual(
      [of('judgements'), of('sightings'), of('putSightings'), of('state')],
      [count, asks.length, asks.length, 0],
    );
  });

test('a registry is asked with the login of the task, for what digests hold too', async () => {
  const password = { type: 'Opaque', value: 'pass' } as const;
  const userName = { type: 'Opaque', value: 'user' } as const;
  const properties = { credentials: { customRegistries: { 'baseacr.azurecr.io': { userName, password } } } };
  const { job } = jobOf({ step, properties });
  const { store, registry: of } = job.ports;
  await store.putJudgements({ judgements: [said(a)] }, undefined);
  const given: unknown[] = [];
  const { digestOf, contentsOf } = of;
  of.digestOf = (reference, login) => {
    given.push(login);
    return digestOf(reference, login);
  };
  of.contentsOf = (reference, login, platforms) => {
    given.push(login, platforms);
    return contentsOf(reference, login, platforms);
  };
  await pinAll([{ image, type: 'RunTime' }], job);
  const login = { kind: 'password', userName: 'user', password: 'pass' };
  assert.deepEqual(given, [login, login, ['linux/amd64']]);
});

test('each base image is named in the log, with why it is not the newest', () => {
  assert.deepEqual(baseNotes([]), []);
  assert.deepEqual(baseNotes([pin(a), { ...pin(b, other), type: 'BuildTime', notNewest: 'c is held' }]), [
    `Base image (RunTime): ${image}@${a}`,
    `Base image (BuildTime): ${other}@${b}`,
    `Not the newest of ${other}: c is held`,
  ]);
});

test.run();
