import { judge } from '../../../shared/flow/api/bases/judge.ts';
import { scheduleTaskRun } from '../../../shared/flow/api/runs.ts';
import { putTask } from '../../../shared/flow/api/tasks.ts';
import { everyMinute } from '../../../shared/flow/clock/everyMinute.ts';
import { settleWithoutRounds } from '../settle.ts';
import { createWorld, type World } from '../world.ts';
import { type Happening, historyOf, platforms } from './history.ts';

const hourMs = 3_600_000;
/** By the image's server; of the others there is none. */
const ages: Record<string, number> = { 'docker.io': 72 };

interface Seen {
  digest: string;
  content: Record<string, string>;
  /** When Plinth met it first, and since when it is what the tag stands for. */
  first: number;
  since: number;
}

/** What a history came to. */
export interface Played {
  pushes: number;
  builds: number;
  /** Builds that a move to another digest would have come to, had nobody looked whether something has changed. */
  saved: number;
  /** Sentences: builds on what was held or quarantined, and hours in which a task was on another base than it should be. */
  onHeld: string[];
  starved: string[];
}

/**
 * The oracle, written from the sentence "at every moment each image stands on the newest base that is admissible": what is
 * admissible is not quarantined, and admitted or as old as its policy asks.
 */
function createOracle() {
  const seen = new Map<string, Seen[]>();
  const said = new Map<string, string>();
  const isAdmissible = (tag: string, { digest, first }: Seen, now: number) => {
    const verdict = said.get(digest);
    if (verdict === 'quarantined') return false;
    return verdict === 'admitted' || now - first >= (ages[tag.split('/')[0]!] ?? 0) * hourMs;
  };
  return {
    see(tag: string, digest: string, content: Record<string, string>, now: number) {
      const all = seen.get(tag) ?? [];
      const before = all.find((one) => one.digest === digest);
      const rest = all.filter((one) => one !== before);
      seen.set(tag, [...rest, { digest, content, first: before?.first ?? now, since: now }]);
    },
    say: (digest: string, verdict: string) => void said.set(digest, verdict),
    newest: (tag: string, now: number) =>
      seen.get(tag)?.findLast((one) => isAdmissible(tag, one, now)) ?? seen.get(tag)?.[0],
    mayBuildOn: (tag: string, digest: string, now: number) =>
      seen.get(tag)?.some((one) => one.digest === digest && isAdmissible(tag, one, now)) ?? false,
    contentOf: (tag: string, digest: string) => seen.get(tag)?.find((one) => one.digest === digest)?.content,
  };
}

/** Lets a history happen to the whole flow in memory, with a round each hour, and compares it with the oracle. */
export async function play(seed: number, size: { days: number; tags: number }): Promise<Played> {
  const { tags, happenings } = historyOf(seed, size);
  const world = createWorld({ registries: ['baseacr', 'appacr'] });
  const oracle = createOracle();
  const digests = new Map<string, string>();
  const move = (one: Extract<Happening, { kind: 'push' }>) => {
    const pushed = world.push(one.tag, digests.get(one.digest));
    digests.set(one.digest, pushed);
    world.contents.set(pushed, one.contents);
    return pushed;
  };
  for (const one of happenings) if (one.hour < 0 && one.kind === 'push') see(one, move(one));
  function see({ tag, contents }: Extract<Happening, { kind: 'push' }>, digest: string) {
    oracle.see(tag, digest, contents, world.now());
  }
  await firstBuilds(world, tags);
  world.pass(90 * 24 * 3600);
  world.ports.settings.policies = Object.entries(ages).map(([server, hours]) => ({
    images: `${server}/**`,
    minimumAge: `${hours}h`,
  }));

  const played: Played = { pushes: 0, builds: 0, saved: 0, onHeld: [], starved: [] };
  for (let hour = 0; hour < size.days * 24; hour++) {
    world.pass((hourMs - (world.now() % hourMs)) / 1000);
    const unseen: (() => void)[] = [];
    for (const one of happenings.filter((happening) => happening.hour === hour)) {
      if (one.kind === 'push') {
        const pushed = move(one);
        // No event announces it: the round sees it.
        if (world.events.some(({ digest }) => digest === pushed)) see(one, pushed);
        else unseen.push(() => see(one, pushed));
        played.pushes++;
      } else {
        const digest = digests.get(one.digest)!;
        oracle.say(digest, one.verdict);
        const request = { image: one.tag, digest, reason: 'as in the history' };
        await judge(registry(world, 'appacr'), one.verdict, request, world.ports);
      }
    }
    const built = world.builds.length;
    await settleWithoutRounds(world);
    const round = world.now();
    for (const seeNow of unseen) seeNow();
    await everyMinute(world.ports);
    await settleWithoutRounds(world);
    for (const { bases, scheduledAt } of world.builds.slice(built))
      for (const [tag, digest] of bases)
        if (!oracle.mayBuildOn(tag, digest, scheduledAt))
          played.onHeld.push(`hour ${hour}: ${tag}@${digest}`);
    played.builds += world.builds.length - built;
    await lookAround(world, { hour, round, tags }, oracle, played);
  }
  for (const tag of tags)
    for (const arch of Object.keys(platforms)) played.saved += await savedOf(world, nameOf(tag, arch));
  return played;
}

const nameOf = (tag: string, arch: string) => `${/base\d+/.exec(tag)![0]}-${arch}`;
const registry = (world: World, name: string) =>
  world.ports.settings.registries.find((one) => one.name === name)!;

async function firstBuilds(world: World, tags: string[]): Promise<void> {
  for (const tag of tags)
    for (const architecture of ['amd64', 'arm64'] as const) {
      const name = nameOf(tag, architecture);
      const task = world.task(name, [tag]);
      task.properties.platform = { os: 'Linux', architecture };
      await putTask(registry(world, 'appacr'), name, task, world.ports);
      const request = { type: 'TaskRunRequest', taskId: `x/tasks/${name}`, isArchiveEnabled: false } as const;
      await scheduleTaskRun(registry(world, 'appacr'), request, world.ports);
    }
  await settleWithoutRounds(world);
}

/** Each task must be built on the newest base that is admissible, or on one that is the same for its platform. */
async function lookAround(
  world: World,
  { hour, round, tags }: { hour: number; round: number; tags: string[] },
  oracle: ReturnType<typeof createOracle>,
  played: Played,
): Promise<void> {
  const states = new Map((await world.ports.store.states('appacr')).map((state) => [state.task, state]));
  for (const tag of tags)
    for (const [arch, platform] of Object.entries(platforms)) {
      const digest = states.get(nameOf(tag, arch))!.built!.pins[0]!.digest;
      const content = oracle.contentOf(tag, digest)?.[platform];
      // What became admissible while the builds went on is the next round's.
      const wanted = [round, world.now()].map((now) => oracle.newest(tag, now)?.content[platform]);
      if (content === undefined || !wanted.includes(content))
        played.starved.push(`hour ${hour}: ${nameOf(tag, arch)} is on ${content} and not on ${wanted[0]}`);
    }
}

async function savedOf({ ports: { store } }: World, task: string): Promise<number> {
  let saved = 0;
  const moves = new Set<string>();
  for await (const { verdict, reason, push } of store.decisions('appacr', task))
    if (verdict === 'skipped' && reason.endsWith('is unchanged') && !moves.has(push.digest)) {
      moves.add(push.digest);
      saved++;
    }
  return saved;
}
