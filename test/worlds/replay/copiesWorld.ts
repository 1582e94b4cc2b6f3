import assert from 'node:assert/strict';
import { judge } from '../../../shared/flow/api/bases/judge.ts';
import { putTask } from '../../../shared/flow/api/tasks.ts';
import { heldNow } from '../../../shared/flow/overall/held.ts';
import { allStates } from '../../../shared/flow/overall/stale.ts';
import { termsNow } from '../../../shared/flow/push/see.ts';
import type { Judgement } from '../../../shared/model/bases/policy.ts';
import type { Decision } from '../../../shared/model/state.ts';
import { standingOf } from '../../../shared/rules/bases/admission.ts';
import { base, registryOf, runByHand } from '../diamondWorld.ts';
import { settle } from '../settle.ts';
import type { World } from '../world.ts';
import { deliver, heldWorld, hours } from './heldWorld.ts';

export const manifest = `sha256:${'e'.repeat(64)}`;
export const amd64 = 'linux/amd64';
export const arm64 = 'linux/arm64';
/** Of mid1-task, mid2-task and app2-task, all for linux/amd64, and one for linux/arm64. */
export const onBase = [
  ['mid1acr', 'mid1-task'],
  ['mid2acr', 'mid2-task'],
  ['mid2acr', 'app2-task'],
  ['mid1acr', 'arm-task'],
] as const;

/** The diamond, and a task for arm64, all built on one base image. */
export async function worldOf(): Promise<{ world: World; first: string }> {
  const world = await heldWorld();
  const task = world.task('arm-task', [base]);
  task.properties.platform = { os: 'Linux', architecture: 'arm64' };
  await putTask(registryOf(world, 'mid1acr'), 'arm-task', task, world.ports);
  await runByHand(world, 'mid1acr', 'arm-task');
  await settle(world);
  return { world, first: world.tags.get(base)! };
}

/** Pushes an index that holds the manifest for some platforms. */
export function pushIndex(world: World, ...platforms: string[]): string {
  const pushed = world.push(base);
  const of = (platform: string) => (platforms.includes(platform) ? manifest : `${pushed}-${platform}`);
  world.manifests.set(pushed, { [amd64]: [of(amd64)], [arm64]: [of(arm64)] });
  return pushed;
}
export const sayOf = (world: World, verdict: Judgement['verdict'], digest: string, image = base) =>
  judge(registryOf(world, 'baseacr'), verdict, { image, digest, reason: 'CVE-2026-1' }, world.ports);
export const say = (world: World, verdict: Judgement['verdict'], image = base) =>
  sayOf(world, verdict, manifest, image);

/** Pushes what has the config and layers of another digest for some platforms. */
export function pushCopy(world: World, of: string, platforms = [amd64, arm64], image = base): string {
  world.pass(60);
  const pushed = world.push(image);
  const same = platforms.map((platform) => [platform, `${platform} of ${of}`]);
  world.contents.set(pushed, Object.fromEntries(same));
  return pushed;
}

/** A digest on which all are built, and then quarantined. */
export async function badBase(world: World, isBuilt = true): Promise<string> {
  const bad = world.push(base);
  await deliver(world);
  if (isBuilt) await settle(world);
  await sayOf(world, 'quarantined', bad);
  await settle(world);
  return bad;
}

export const builtOn = async (world: World) =>
  Promise.all(
    onBase.map(async ([registry, task]) => {
      const { built } = (await world.ports.store.state(registry, task))!.value;
      return built!.pins.find(({ image }) => image === base)!.digest;
    }),
  );
export const verdictsOf = (decisions: Decision[]) =>
  onBase.map(([, task]) => decisions.find((one) => one.task === task)?.verdict);

/** What happens, and which tasks then are built on the newest digest and not on the first. */
export type Row = [what: string, happens: (world: World) => Promise<unknown>, onNewest: boolean[]];

/** What happened has that end, and keeps it. */
export async function endsOn([, happens, onNewest]: Row): Promise<void> {
  const { world, first } = await worldOf();
  await happens(world);
  await settle(world);
  const expected = () => onNewest.map((is) => (is ? world.tags.get(base) : first));
  assert.deepEqual(await builtOn(world), expected());
  await hours(world, 2);
  assert.deepEqual(await builtOn(world), expected(), 'and stays so');
  await heldIsSaid(world);
}

/** GET /held names the base image where its newest digest is held by what is known of it, and only then. */
async function heldIsSaid({ ports }: World): Promise<void> {
  const seen = (await ports.store.sightings(base))!.value;
  const { held } = standingOf(seen, await termsNow(ports));
  const { value } = await heldNow(async () => (await allStates(ports)).states, ports);
  assert.deepEqual(
    value.filter(({ image }) => image === base).map(({ digest }) => digest),
    held ? [held.digest] : [],
    'GET /held',
  );
}
