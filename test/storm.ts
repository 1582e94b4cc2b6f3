import { everyMinute } from '../shared/flow/everyMinute.ts';
import { onPush } from '../shared/flow/onPush.ts';
import { cancelRun } from '../shared/flow/runs.ts';
import { base, diamond, publicBase, registryOf, runByHand } from './diamondWorld.ts';
import { openRuns } from './settle.ts';
import { carryOut, handling, numbersFrom, takeMessages, type Work } from './workers.ts';
import { busy, type World } from './world.ts';

/** One thing that happens, with a number that says to what and how. */
export interface Step {
  kind: (typeof kinds)[number];
  with: number;
}

/** What a storm is made of; what is named more often happens more often. */
export const kinds = [
  'push',
  'push',
  'push back',
  'push public',
  'deliver',
  'deliver',
  'deliver twice',
  'lose event',
  'work',
  'work',
  'work',
  'work at once',
  'work at once',
  'worker dies',
  'worker dies',
  'lose message',
  'build ends',
  'build ends',
  'build fails',
  'build is forgotten',
  'cancel',
  'run by hand',
  'minute',
  'engine busy',
  'time passes',
] as const;

/** What the checks at the end must know of a storm. */
export interface Chronicle {
  /** A worker died, or the engine gave no answer: the run it was at may have been built twice. */
  disturbed: boolean;
  /** Runs that somebody cancelled. */
  cancelled: Set<string>;
  events: Map<string, { image: string; delivered: boolean }>;
}

/** Carries out one step of a storm. */
export async function happen(
  world: World,
  { kind, with: number }: Step,
  chronicle: Chronicle,
): Promise<void> {
  const draw = numbersFrom(number + 1);
  const work = (works: Work[]) => carryOut(world, works, draw);
  const event = () => world.events[draw(world.events.length)];
  const open = () => world.builds.filter((build) => !world.hasEnded(build));
  switch (kind) {
    case 'push':
      world.push(base);
      return;
    case 'push back': {
      const earlier = world.digests[draw(world.digests.length)];
      if (earlier) world.push(base, earlier);
      return;
    }
    case 'push public':
      world.push(publicBase);
      return;
    case 'deliver':
    case 'deliver twice': {
      const chosen = event();
      if (!chosen) return;
      if (kind === 'deliver') world.events.splice(world.events.indexOf(chosen), 1);
      const twice = kind === 'deliver' ? [chosen] : [chosen, chosen];
      await work(twice.map((push) => ({ run: (ports) => onPush(push, ports) })));
      return;
    }
    case 'lose event':
      if (world.events.length > 0) world.events.splice(draw(world.events.length), 1);
      return;
    case 'work':
    case 'work at once': {
      const taken = takeMessages(world, kind === 'work' ? 1 : 4, draw);
      const outcomes = await work(taken.map((message) => ({ run: handling(message) })));
      // A failed one comes back.
      for (const [at, outcome] of outcomes.entries())
        if (outcome) world.messages.push({ ...taken[at]!, due: world.now() + 10_000 });
      return;
    }
    case 'worker dies': {
      const [message] = takeMessages(world, 1, draw);
      const chosen = event();
      const run = message ? handling(message) : chosen && ((ports: World['ports']) => onPush(chosen, ports));
      if (!run) return;
      const [died] = await work([{ run, diesAt: 1 + draw(6), after: draw(2) === 1 }]);
      if (died) chronicle.disturbed = true;
      // Its lease ends, or it is never seen again.
      if (message && died && draw(2) === 0) world.messages.push({ ...message, due: world.now() + 600_000 });
      return;
    }
    case 'lose message':
      if (world.messages.length > 0) world.messages.splice(draw(world.messages.length), 1);
      return;
    case 'build ends':
    case 'build fails': {
      const build = open()[draw(open().length)];
      if (build) world.end(build, kind === 'build ends' ? 'Succeeded' : 'Failed');
      return;
    }
    case 'build is forgotten': {
      const build = open()[draw(open().length)];
      if (build && draw(4) === 0) world.forget(build);
      return;
    }
    case 'cancel': {
      const runs = await openRuns(world);
      const run = runs[draw(runs.length)];
      if (!run) return;
      chronicle.cancelled.add(`${run.registry}/${run.runId}`);
      await cancelRun(registryOf(world, run.registry), run.runId, world.ports);
      return;
    }
    case 'run by hand': {
      const task = diamond[draw(diamond.length)]!;
      await runByHand(world, task.registry, task.name);
      return;
    }
    case 'minute':
      world.pass(60);
      await work([{ run: everyMinute }]);
      return;
    case 'engine busy': {
      let times = 1 + draw(2);
      world.trouble.engine = () => (times-- > 0 ? busy() : undefined);
      return;
    }
    case 'time passes':
      world.pass(1 + draw(400));
  }
}
