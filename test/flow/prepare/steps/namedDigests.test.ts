import assert from 'node:assert/strict';
import { test } from 'uvu';
import { BuildFault } from '../../../../shared/flow/buildFault.ts';
import { pinAll } from '../../../../shared/flow/prepare/resolveDigests.ts';
import type { Judgement } from '../../../../shared/model/bases/policy.ts';
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
      const refused = `Base image ${of} is quarantined: CVE-2026-1. Name another digest, or release it (POST …/release).`;
      if (isRefused) await assert.rejects(pinning, new BuildFault(refused));
      else assert.deepEqual(await pinning, [{ image: of, type: 'RunTime', digest: b }]);
    });

test.run();
