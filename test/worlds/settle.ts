import { everyMinute } from '../../shared/flow/clock/everyMinute.ts';
import { onPush } from '../../shared/flow/push/onPush.ts';
import { isEnded } from '../../shared/model/run.ts';
import { handling } from './workers.ts';
import { isInjected, runsOf, type World } from './world.ts';

/** Turns after which a world that is still busy will be so for ever. */
const maxTurns = 3000;
/** Minutes with nothing to do, longer than every pause, after which nothing more will come. */
const quietMinutes = 20;
/** A message that was not handled is seen again after this. */
const againMs = 10_000;

/** What it took a world to come to rest. */
export interface Rest {
  /** Messages that were handled. */
  messages: number;
  /** Until the last of them, or the last build. */
  minutes: number;
}

/**
 * Lets the world go on undisturbed, every build ending well, until nothing more happens.
 * @throws Error when it does not
 */
export async function settle(world: World): Promise<Rest> {
  const begun = world.now();
  let messages = 0;
  let quietSince = world.now();
  let minute = Math.floor(world.now() / 60_000);
  for (let turn = 0; turn < maxTurns; turn++) {
    const did = await advance(world);
    if (did) {
      messages += did.messages;
      quietSince = world.now();
      continue;
    }
    const due = Math.min(...world.messages.map((message) => message.due), Number.POSITIVE_INFINITY);
    const nextMinute = (minute + 1) * 60_000;
    world.pass((Math.min(due, nextMinute) - world.now()) / 1000);
    if (world.now() < nextMinute) continue;
    const busy = world.messages.length > 0 || (await openRuns(world)).length > 0;
    if (busy) quietSince = world.now();
    else if (world.now() - quietSince > quietMinutes * 60_000)
      return { messages, minutes: (quietSince - begun) / 60_000 };
    // With nothing under way only the rounds count; they come every five minutes.
    if (!busy) world.pass(240);
    minute = Math.floor(world.now() / 60_000);
    await goesWell(() => everyMinute(world.ports));
  }
  throw new Error(`the world does not come to rest: ${JSON.stringify(await openRuns(world))}`);
}

/** The same by messages and events alone, the clock's function never being called. @throws Error when they do not end */
export async function settleWithoutRounds(world: World): Promise<void> {
  for (let turn = 0; turn < maxTurns; turn++) {
    if (await advance(world)) continue;
    if (world.messages.length === 0) return;
    world.pass((Math.min(...world.messages.map(({ due }) => due)) - world.now()) / 1000);
  }
  throw new Error(`messages do not end: ${JSON.stringify(await openRuns(world))}`);
}

/** Sends what waits to be sent, handles what can be seen, ends what is being built. @returns undefined for nothing at all */
async function advance(world: World): Promise<{ messages: number } | undefined> {
  for (const event of world.events.splice(0)) {
    world.told(event);
    if (await goesWell(() => onPush(event, world.ports))) world.heard(event);
    else world.events.push(event);
  }
  const due = world.messages.filter((message) => message.due <= world.now());
  for (const message of due) {
    world.messages.splice(world.messages.indexOf(message), 1);
    if (!(await goesWell(() => handling(message)(world.ports))))
      world.messages.push({ ...message, due: world.now() + againMs });
  }
  const open = world.builds.filter((build) => !world.hasEnded(build));
  for (const build of open) world.end(build, 'Succeeded');
  return due.length + open.length > 0 ? { messages: due.length } : undefined;
}

/** Nothing may fail but what a test has fail on purpose: then it is called again, as Azure does. */
async function goesWell(call: () => Promise<unknown>): Promise<boolean> {
  try {
    await call();
    return true;
  } catch (error) {
    if (!isInjected(error)) throw error;
    return false;
  }
}

/** What has not ended, and why it says so. */
export async function openRuns(world: World) {
  const runs = await Promise.all(
    world.ports.settings.registries.map(async ({ name }) =>
      (await runsOf(world, name)).filter(({ status }) => !isEnded(status)),
    ),
  );
  return runs.flat();
}
