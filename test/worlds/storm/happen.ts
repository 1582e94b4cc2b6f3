import { cancelRun } from '../../../shared/flow/api/runs.ts';
import { everyMinute } from '../../../shared/flow/clock/everyMinute.ts';
import { onPush } from '../../../shared/flow/push/onPush.ts';
import { isEnded } from '../../../shared/model/run.ts';
import type { Push } from '../../../shared/model/state.ts';
import { base, diamond, publicBase, registryOf, runByHand } from '../diamondWorld.ts';
import type { Rough } from '../rough/rough.ts';
import { openRuns } from '../settle.ts';
import { createShift, handling, numbersFrom, visibleMessages, type Work } from '../workers.ts';
import { busy, type Message, type World } from '../world.ts';
import { isHonest } from './judge.ts';
import { createJudging } from './judging.ts';
import { createOracle, mostSkewMs } from './oracle.ts';

/** One thing that happens, with a number that says to what and how. */
export interface Step {
  kind: (typeof kinds)[number];
  with: number;
}

/** What policies and judgements come with, where nothing else is to be shown. */
export const ofJudging = ['push the same', 'quarantine', 'admit', 'release', 'pause', 'clock jumps'] as const;

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
  ...Array<'the world goes on'>(12).fill('the world goes on'),
  'all end',
  'worker dies',
  'worker dies',
  'lose message',
  'message comes twice',
  'message comes twice',
  'build ends',
  'build ends',
  'build fails',
  'build is forgotten',
  'cancel',
  'run by hand',
  'minute',
  'engine busy',
  'time passes',
  'push the same',
  ...ofJudging,
] as const;

/** What the checks at the end must know of a storm. */
interface Chronicle {
  /** An event, a message or a worker was lost, so that a round has to find what it was at. */
  lost: boolean;
  /** How many builds the engine may have been asked for in vain: see docs/exactly-once.md, what is not guaranteed. */
  mayBeUnnamed: number;
  /** Runs that somebody cancelled. */
  cancelled: Set<string>;
  /** What ended as nothing may. */
  wrong: Error[];
  /** The app's clock was not that of the others. */
  skewed: boolean;
}

/** After so many seconds at one call, another worker may take what the one at it has. */
const longCallSeconds = 30;
/** A message that is not deleted is seen again after this. */
const leaseMs = 600_000;
/** One that failed comes back after this. */
const againMs = 10_000;
const hourMs = 3_600_000;

/** A storm over a world: what it begins goes on, call by call, while other things happen. */
export function createStorm(world: World, rough?: Rough, oracle = createOracle(world)) {
  const chronicle: Chronicle = {
    lost: false,
    mayBeUnnamed: 0,
    cancelled: new Set(),
    wrong: [],
    skewed: false,
  };
  const shift = createShift(rough ? { ...world, ports: rough.ports } : world, (draw) => {
    if (draw(3) === 0) world.pass(draw(1500) / 1000);
  });

  const begin = (work: Omit<Work, 'ended'>, ended: (outcome: Error | undefined) => unknown = () => {}) =>
    void shift.begin({
      ...work,
      run: (ports) => work.run(oracle.watched(ports)),
      async ended(outcome, unnamedBuilds) {
        if (outcome && !isHonest(outcome)) chronicle.wrong.push(outcome);
        // By its key another worker finds what one that died had begun.
        const isFound = work.diesAt && world.ports.engine.keepsKeys;
        if (!isFound) chronicle.mayBeUnnamed += unnamedBuilds;
        await ended(outcome);
      },
    });
  const pass = (seconds: number) => {
    if (seconds >= longCallSeconds) chronicle.mayBeUnnamed += shift.busy();
    world.pass(seconds);
  };

  function handle(message: Message, dies: Partial<Work> = {}, comesBack = true) {
    message.due = world.now() + leaseMs;
    begin({ run: handling(message), ...dies }, (outcome) => {
      if (!outcome || !comesBack) remove(world.messages, message);
      else if (!dies.diesAt) message.due = world.now() + (rough?.meets('lease', 2) ? leaseMs : againMs);
      if (outcome && dies.diesAt) chronicle.lost = true;
    });
  }
  function deliver(push: Push, dies: Partial<Work> = {}) {
    remove(world.events, push);
    oracle.told(push);
    begin({ run: (ports) => onPush(push, ports), ...dies }, (outcome) => {
      if (!outcome) world.heard(push);
      // What was not answered is sent again.
      if (outcome) {
        sentAt.set(push, world.now());
        world.events.push(push);
      }
    });
  }
  async function cancel(draw: (below: number) => number) {
    const runs = await openRuns(world);
    const run = runs[draw(runs.length)];
    if (!run) return;
    const { registry, runId } = run;
    begin({ run: (ports) => cancelRun(registryOf(world, registry), runId, ports) }, async (outcome) => {
      const { status, cancelRequested } = (await world.ports.store.run(registry, runId))!.value;
      // One that came to its end meanwhile stays as it ended; one whose answer was lost may be cancelled all the same.
      const isHeard = status === 'Canceled' || cancelRequested;
      if (isHeard || (!outcome && !isEnded(status))) chronicle.cancelled.add(`${registry}/${runId}`);
    });
  }

  const judging = createJudging(world, oracle, begin);
  const sentAt = new WeakMap<Push, number>();
  let standsUntil = 0;
  /** Events that came to be since are sent as roughly as the world is. */
  function sendNew() {
    const sent = world.events.splice(0).flatMap((push) => {
      if (sentAt.has(push)) return [{ push, due: sentAt.get(push)! }];
      return rough ? rough.sent(push) : [{ push, due: world.now() }];
    });
    for (const { push, due } of sent) {
      sentAt.set(push, due);
      world.events.push(push);
    }
    if (rough?.loses()) chronicle.lost = true;
  }

  async function happen({ kind, with: number }: Step): Promise<void> {
    const draw = numbersFrom(number + 1);
    const event = () => {
      const due = world.events.filter((push) => (sentAt.get(push) ?? 0) <= world.now());
      return due[draw(due.length)];
    };
    const open = () => world.builds.filter((build) => !world.hasEnded(build));
    switch (kind) {
      case 'push':
        world.push(base);
        break;
      case 'push back': {
        const earlier = world.digests[draw(world.digests.length)];
        if (earlier) world.push(base, earlier);
        break;
      }
      case 'push public':
        world.push(publicBase);
        break;
      case 'deliver':
      case 'deliver twice': {
        const push = event();
        if (push) for (const copy of kind === 'deliver' ? [push] : [push, { ...push }]) deliver(copy);
        break;
      }
      case 'lose event':
        if (world.events.length > 0) {
          world.events.splice(draw(world.events.length), 1);
          chronicle.lost = true;
        }
        break;
      case 'work':
      case 'work at once':
        for (const message of visibleMessages(world, kind === 'work' ? 1 : 4, draw)) handle(message);
        break;
      case 'the world goes on': {
        const build = open()[draw(2 * open().length)];
        if (build) world.end(build, 'Succeeded');
        const push = event();
        if (push) deliver(push);
        for (const message of visibleMessages(world, 4, draw)) handle(message);
        pass(draw(4));
        break;
      }
      case 'all end':
        await shift.rest(draw);
        break;
      case 'worker dies': {
        const [message] = visibleMessages(world, 1, draw);
        const push = event();
        const dies = { diesAt: 1 + draw(6), after: draw(2) === 1 };
        if (message) handle(message, dies, draw(2) === 0);
        else if (push) deliver(push, dies);
        break;
      }
      case 'lose message':
        if (world.messages.length > 0) {
          world.messages.splice(draw(world.messages.length), 1);
          chronicle.lost = true;
        }
        break;
      case 'message comes twice':
        for (const message of visibleMessages(world, 2, draw)) {
          const copy = { ...message };
          world.messages.push(copy);
          handle(copy);
          handle(message);
        }
        break;
      case 'build ends':
      case 'build fails': {
        const build = open()[draw(open().length)];
        if (build) world.end(build, kind === 'build ends' ? 'Succeeded' : 'Failed');
        break;
      }
      case 'build is forgotten': {
        const build = open()[draw(open().length)];
        if (build && draw(4) === 0) world.forget(build);
        break;
      }
      case 'cancel':
        await cancel(draw);
        break;
      case 'run by hand': {
        const { registry, name } = diamond[draw(diamond.length)]!;
        begin({ run: (ports) => runByHand({ ...world, ports }, registry, name) });
        break;
      }
      case 'minute':
        pass(60);
        if (rough?.meets('timer', 10)) standsUntil = world.now() + hourMs;
        if (world.now() >= standsUntil) begin({ run: everyMinute });
        break;
      case 'engine busy': {
        let times = 1 + draw(2);
        world.trouble.engine = () => (times-- > 0 ? busy() : undefined);
        break;
      }
      case 'time passes':
        pass(1 + draw(400));
        break;
      case 'push the same': {
        const image = draw(3) === 0 ? publicBase : base;
        const same = oracle.contentOf(world.tags.get(image)!);
        world.contents.set(world.push(image), { 'linux/amd64': same });
        break;
      }
      case 'quarantine':
      case 'admit':
      case 'release':
        judging.say(kind, draw);
        break;
      case 'pause':
        judging.pause(draw);
        // What was held meanwhile is a round's.
        chronicle.lost = true;
        break;
      case 'clock jumps':
        chronicle.lost = true;
        chronicle.skewed = true;
        world.clock.skewMs = draw(2 * mostSkewMs) - mostSkewMs;
        oracle.clock.wasBehind ||= world.clock.skewMs < 0;
        if (draw(3) === 0) pass(draw(7200));
    }
    sendNew();
    await shift.goOn(draw(40), draw);
  }
  return {
    chronicle,
    happen,
    /** All that was begun comes to its end, and nothing is wrong any more. */
    async isOver() {
      delete world.trouble.engine;
      sendNew();
      rough?.end();
      world.clock.skewMs = 0;
      await shift.rest(numbersFrom(1));
      while (judging.goOn()) await shift.rest(numbersFrom(1));
    },
  };
}

function remove<T>(all: T[], one: T) {
  const at = all.indexOf(one);
  if (at >= 0) all.splice(at, 1);
}
