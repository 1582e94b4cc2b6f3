import { judge } from '../../../shared/flow/api/bases/judge.ts';
import type { Policy } from '../../../shared/model/bases/policy.ts';
import { base, publicBase, registryOf } from '../diamondWorld.ts';
import type { Work } from '../workers.ts';
import type { World } from '../world.ts';
import type { Oracle, Pause, Said } from './oracle.ts';

type Begin = (work: Pick<Work, 'run'>, ended: (outcome: Error | undefined) => void) => void;
type Draw = (below: number) => number;

const verdicts = { quarantine: 'quarantined', admit: 'admitted', release: 'released' } as const;
const mid1 = 'mid1acr.azurecr.io/mid1-task:1';

const pausable: (Omit<Pause, 'since'> & { tasks?: string })[] = [
  { image: base },
  { image: publicBase },
  { image: mid1 },
  { task: 'mid1-task', tasks: 'mid1acr/*' },
  { task: 'app2-task', tasks: 'mid2acr/app2-*' },
];

/** What people and scanners say of digests, each until it is answered, and what is paused in the meantime. */
export function createJudging(world: World, oracle: Oracle, begin: Begin) {
  const ages = world.ports.settings.policies;
  const going = new Set<string>();
  const unanswered: (() => void)[] = [];

  function judged(image: string, digest: string, verdict: Said['verdict']) {
    going.add(digest);
    const begun = world.now();
    const registry = registryOf(world, 'baseacr');
    const request = { image, digest, reason: 'as in the storm' };
    const attempt = () =>
      begin({ run: (ports) => judge(registry, verdict, request, ports) }, (outcome) => {
        if (outcome) return void unanswered.push(attempt);
        going.delete(digest);
        oracle.said.push({ digest, verdict, begun, ended: world.now() });
      });
    attempt();
  }
  function goOn() {
    const again = unanswered.splice(0);
    for (const attempt of again) attempt();
    return again.length > 0;
  }
  function setPauses() {
    const policies: Policy[] = ages.map((policy) => ({ ...policy }));
    for (const { image, tasks } of paused) {
      const own = policies.find(({ images }) => images === image);
      const pause = 'the release is frozen';
      if (own && image) own.pause = pause;
      else policies.push({ ...(image ? { images: image } : { tasks: tasks! }), pause });
    }
    world.ports.settings.policies = policies;
  }
  let paused: typeof pausable = [];

  return {
    /** Who was not answered says it again. @returns whether there was somebody */
    goOn,
    say(kind: keyof typeof verdicts, draw: Draw) {
      goOn();
      const image = [base, base, publicBase, mid1][draw(4)]!;
      const newest = oracle.digestsOf(image).slice(-3);
      const open = oracle.said.filter(
        (one) => oracle.lastSaid(one.digest) === one && one.verdict !== 'released',
      );
      const digest = kind === 'release' ? open[draw(open.length)]?.digest : newest[draw(newest.length)];
      if (!digest || going.has(digest)) return;
      if (kind === 'admit' && oracle.isQuarantined(digest)) return;
      judged(image, digest, verdicts[kind]);
    },
    /** Something is paused, or nothing is any more. */
    pause(draw: Draw) {
      paused = paused.length > 0 ? [] : [pausable[draw(pausable.length)]!];
      oracle.pauses.clear();
      for (const one of paused) oracle.pauses.add({ ...one, since: world.now() });
      setPauses();
    },
  };
}
