import assert from 'node:assert/strict';
import { test } from 'uvu';
import { judge } from '../../../../shared/flow/api/bases/judge.ts';
import { Refusal } from '../../../../shared/flow/refusal.ts';
import type { Judgement } from '../../../../shared/model/bases/policy.ts';
import { pausedTask } from '../../../../shared/rules/bases/policies.ts';
import { base, registryOf } from '../../../worlds/diamondWorld.ts';
import { heldWorld } from '../../../worlds/replay/heldWorld.ts';

const digestAt = (at: number) => `sha256:${at.toString(16).padStart(64, '0')}`;
const time = '2026-11-01T00:00:00.000Z';
const all = (count: number, verdict: Judgement['verdict'] = 'quarantined'): Judgement[] =>
  Array.from({ length: count }, (_, at) => ({
    image: base,
    digest: digestAt(0xf000 + at),
    verdict,
    reason: 'CVE',
    time,
  }));

const rows: {
  title: string;
  said: Judgement[];
  says: Judgement['verdict'];
  of: number;
  kept: number | undefined;
}[] = [
  { title: 'a quarantine where 399 are in force', said: all(399), says: 'quarantined', of: 999, kept: 400 },
  {
    title: 'a quarantine where 400 are in force',
    said: all(400),
    says: 'quarantined',
    of: 999,
    kept: undefined,
  },
  {
    title: 'an admission where 400 are in force',
    said: all(400),
    says: 'admitted',
    of: 999,
    kept: undefined,
  },
  { title: 'a release where 400 are in force', said: all(400), says: 'released', of: 7, kept: 401 },
  {
    title: 'a quarantine after that release',
    said: [...all(400), { ...all(8).at(7)!, verdict: 'released' }],
    says: 'quarantined',
    of: 999,
    kept: 400,
  },
  {
    title: 'a quarantine where 400 were taken back',
    said: all(400, 'released'),
    says: 'quarantined',
    of: 999,
    kept: 400,
  },
];
for (const { title, said, says, of, kept } of rows)
  test(`${title} is ${kept === undefined ? 'refused' : `taken, and ${kept} are kept`}`, async () => {
    const world = await heldWorld();
    const { ports } = world;
    await ports.store.putJudgements({ judgements: said }, undefined);
    const asked = { image: base, digest: digestAt(0xf000 + of), reason: 'CVE-2026-1' };
    const done = judge(registryOf(world, 'baseacr'), says, asked, ports);
    if (kept === undefined)
      await assert.rejects(
        done,
        (error) => error instanceof Refusal && /Release some first/.test(error.message),
      );
    else await done;
    const { judgements } = (await ports.store.judgements())!.value;
    assert.equal(judgements.length, kept ?? said.length);
    assert.equal(judgements.at(-1)!.digest, kept === undefined ? said.at(-1)!.digest : asked.digest);
  });

for (const name of ['constructor', 'toString', '__proto__', 'valueOf', 'hasOwnProperty', 'app.web'])
  test(`a pattern of tasks with the part ${name} matches that, and nothing else`, () => {
    const policies = [{ tasks: `appacr/*${name}`, pause: 'until Monday' }];
    const of = (task: string) => pausedTask({ registry: 'appacr', task, bases: [] } as never, policies);
    assert.ok(of(`my-${name}`));
    assert.equal(of('my-other'), undefined);
  });

test.run();
