import type { HeldAnswer, PlanAnswer, RegistriesAnswer } from '../../../shared/graph/answers.ts';

export const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
/** What the browser's clock says before these fixtures. */
export const fixedNow = Date.parse('2026-11-23T15:02:10Z');
export const minutesAgo = (minutes: number) => new Date(fixedNow - minutes * 60_000).toISOString();

/** Of one the digests have to be of some age, another is paused. */
export const policies: RegistriesAnswer['policies'] = [
  { images: 'docker.io/library/young:*', minimumAge: '3d' },
  { images: 'quay.io/**', pause: 'the release is frozen' },
];

const until = new Date(fixedNow + 26 * 3_600_000).toISOString();

/** A base image that is too young, and a bad one without another digest to go back to. */
export const held = (): HeldAnswer => ({
  value: [
    {
      ...{
        image: 'docker.io/library/young:1',
        digest: digest('b'),
        since: minutesAgo(60),
        because: 'tooYoung',
      },
      reason: `sha256:bbbbbbbbbbbb is held until ${until}: docker.io/** has a minimum age of 3d`,
      until,
      admissible: digest('a'),
    },
    {
      ...{ image: 'quay.io/bad/base:1', digest: digest('a'), since: minutesAgo(30), because: 'quarantined' },
      reason: 'sha256:aaaaaaaaaaaa is quarantined: CVE-2026-1',
    },
  ],
  judgements: [
    {
      ...{ image: 'quay.io/bad/base:1', digest: digest('a'), verdict: 'quarantined' },
      ...{ reason: 'CVE-2026-1', time: minutesAgo(30) },
    },
  ],
  notSeen: [{ image: 'quay.io/gone/away:1', reason: 'it answers 404' }],
});

const plan: PlanAnswer = {
  waves: [
    {
      tasks: [{ registry: 'teamacr', task: 'held', image: 'docker.io/library/young:1', seconds: 60 }],
      seconds: 60,
    },
  ],
  skipped: [],
  held: [{ registry: 'teamacr', task: 'bad-base', reason: 'There is no older digest to go back to' }],
  seconds: 60,
  tooMany: false,
};

/** What is answered below a registry to who judges. */
export function judging(path: string): object {
  if (path.endsWith('/plan')) return plan;
  if (!path.endsWith('/baseImages'))
    return { tasks: { started: 1, merged: 0, waits: 0, skipped: 0, held: 2 }, pushes: ['push-1'] };
  const [young] = held().value;
  const digests = [
    {
      digest: digest('b'),
      firstSeen: minutesAgo(60),
      since: minutesAgo(60),
      held: { reason: young!.reason },
    },
    { digest: digest('c'), firstSeen: minutesAgo(9000), since: minutesAgo(9000) },
  ];
  return { policies: [], judgements: [], value: [{ image: 'docker.io/library/young:1', tasks: 1, digests }] };
}
