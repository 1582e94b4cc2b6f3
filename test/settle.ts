import { everyMinute } from '../shared/flow/everyMinute.ts';
import { onPush } from '../shared/flow/onPush.ts';
import { isEnded } from '../shared/model/run.ts';
import { handling } from './workers.ts';
import { runsOf, type World } from './world.ts';

/** Turns after which a world that is still busy will be so for ever. */
const mostTurns = 3000;
/** Minutes with nothing to do, longer than every pause, after which nothing more will come. */
const quietMinutes = 20;

/** Lets the world go on undisturbed, every build ending well, until nothing more happens. @throws Error when it does not */
export async function settle(world: World): Promise<void> {
  let quietSince = world.now();
  let minute = Math.floor(world.now() / 60_000);
  for (let turn = 0; turn < mostTurns; turn++) {
    if (await advance(world)) {
      quietSince = world.now();
      continue;
    }
    const due = Math.min(...world.messages.map((message) => message.due), Number.POSITIVE_INFINITY);
    const nextMinute = (minute + 1) * 60_000;
    world.pass((Math.min(due, nextMinute) - world.now()) / 1000);
    if (world.now() < nextMinute) continue;
    const busy = world.messages.length > 0 || (await openRuns(world)).length > 0;
    if (busy) quietSince = world.now();
    else if (world.now() - quietSince > quietMinutes * 60_000) return;
    // With nothing under way only the rounds count; they come every five minutes.
    if (!busy) world.pass(240);
    minute = Math.floor(world.now() / 60_000);
    await everyMinute(world.ports);
  }
  throw new Error(`the world does not come to rest: ${JSON.stringify(await openRuns(world))}`);
}

/** Sends what waits to be sent, handles what can be seen, ends what is being built. */
async function advance(world: World): Promise<boolean> {
  for (const event of world.events.splice(0)) await onPush(event, world.ports);
  let did = false;
  for (const message of world.messages.filter(({ due }) => due <= world.now())) {
    world.messages.splice(world.messages.indexOf(message), 1);
    await handling(message)(world.ports);
    did = true;
  }
  for (const build of world.builds)
    if (!world.hasEnded(build)) {
      world.end(build, 'Succeeded');
      did = true;
    }
  return did;
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
