import assert from 'node:assert/strict';
import { test } from 'uvu';
import { BuildFault } from '../../../../shared/flow/buildFault.ts';
import { pinAll } from '../../../../shared/flow/prepare/resolveDigests.ts';
import type { Judgement } from '../../../../shared/model/bases/policy.ts';
import { RegistryError } from '../../../../shared/ports/registry.ts';
import { base, digest, encodedStep, jobOf } from './jobs.ts';

const [a, b] = [digest('a'), digest('b')];
const time = '2026-11-23T09:00:00.000Z';
const said = (of: string, verdict: Judgement['verdict'] = 'quarantined'): Judgement => ({
  ...{ digest: of, image: 'docker.io/library/bad:1', verdict, reason: 'CVE-2026-1', time },
});

for (const of of [`${base}:1@${b}`, `${base}@${b}`])
  for (const [title, judgements, isRefused] of [
    ['of which nothing was said', [], false],
    ['where another is quarantined', [said(a)], false],
    ['that was released', [said(b), said(b, 'released')], false],
    ['that is quarantined', [said(b)], true],
  ] as const)
    test(`a digest that a Dockerfile names, ${title}, is ${isRefused ? 'refused' : 'built on'}: ${of}`, async () => {
      const { job } = jobOf({ step: encodedStep(['cmd: x']) });
      await job.ports.store.putJudgements({ judgements: [...judgements] }, undefined);
      const pinning = pinAll([{ image: of, type: 'RunTime' }], job);
      const refused = `Base image ${of} is quarantined: CVE-2026-1. Name another digest, or release it (POST …/release) and run the task again.`;
      if (isRefused) await assert.rejects(pinning, new BuildFault(refused));
      else assert.deepEqual(await pinning, [{ image: of, type: 'RunTime', digest: b }]);
    });

for (const [title, holds, said_, isRefused] of [
  ['a manifest of its platform', { manifests: { 'linux/amd64': [a] } }, said(a), true],
  ['a manifest of another platform', { manifests: { 'linux/arm64': [a] } }, said(a), false],
  ['what is the same', { contents: { '*': 'same' } }, { ...said(a), holds: ['same'] }, true],
  [
    'what is the same for another platform',
    { contents: { 'linux/arm64': 'same' } },
    { ...said(a), holds: ['same'] },
    false,
  ],
  ['what was released', { manifests: { 'linux/amd64': [a] } }, said(a, 'released'), false],
  ['what its registry does not tell', undefined, said(a), false],
] as const)
  test(`a digest that a Dockerfile names, where ${title} is judged, is ${isRefused ? 'refused' : 'built on'}`, async () => {
    const { job } = jobOf({ step: encodedStep(['cmd: x']) });
    const of = `${base}:1@${b}`;
    await job.ports.store.putJudgements({ judgements: [said_] as Judgement[] }, undefined);
    job.ports.registry.contentsOf = async () => {
      if (!holds) throw new RegistryError('Unreachable', 'it does not answer');
      return { contents: {}, ...holds } as never;
    };
    const pinning = pinAll([{ image: of, type: 'RunTime' }], job);
    if (isRefused) await assert.rejects(pinning, /is quarantined: CVE-2026-1/);
    else assert.deepEqual(await pinning, [{ image: of, type: 'RunTime', digest: b }]);
  });

test.run();
