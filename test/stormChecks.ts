import assert from 'node:assert/strict';
import type { Run } from '../shared/model/run.ts';
import { hasFailed, inputsOf } from '../shared/transitions.ts';
import { diamond } from './diamondWorld.ts';
import { runsOf, type World } from './world.ts';

/** Nothing is open, queued, counted as running, or left in a queue. */
export async function nothingIsLeft({
  ports: { store, settings },
  messages,
  ...world
}: World): Promise<void> {
  assert.deepEqual(messages, []);
  for (const { name } of settings.registries) {
    assert.deepEqual((await store.pace(name))?.value.running ?? [], [], `the pace of ${name}`);
    for await (const place of store.places(name)) assert.fail(`${place.runId} is queued in ${name}`);
    for (const state of await store.states(name)) assert.deepEqual(state.open, [], state.task);
  }
  assert.ok(world.builds.every((build) => world.hasEnded(build)));
}

/** The image that each task made last stands on what the tags of its base images stand for now. */
export function standsOnTheNewest(world: World, except: (task: string) => boolean = () => false): void {
  for (const { name, bases, makes } of diamond) {
    if (except(name)) continue;
    const made = world.tags.get(makes);
    const build = world.builds.find(({ run }) => run.outputImages.some(({ digest }) => digest === made));
    assert.ok(build, `${name} was built`);
    for (const image of bases)
      assert.equal(build.bases.get(image), world.tags.get(image), `${name} stands on the newest ${image}`);
  }
}

/** Two runs of a task, one after the other, were not built on the same base images, unless a person asked for one. */
export async function nothingWasBuiltTwice(world: World): Promise<void> {
  for (const { registry, name } of diamond) {
    const runs = (await runsOf(world, registry)).filter((run) => run.task === name);
    const ended = runs.filter((run) => mayHaveBuilt(run) || hasFailed(run.status)).sort(byFinish);
    for (const [at, run] of ended.entries()) {
      const before = ended[at - 1];
      if (!run.imageUpdateTrigger || !run.pins || before?.status !== 'Succeeded') continue;
      assert.notEqual(
        inputsOf(run.pins),
        inputsOf(before.pins ?? []),
        `${run.runId} repeats ${before.runId}`,
      );
    }
  }
}

/** Whoever claimed the run, and so wrote its notes, may have got through to the engine, also where no answer came. */
const mayHaveBuilt = (run: Run) => run.notes !== undefined;

const byFinish = (a: Run, b: Run) => (a.lastUpdatedTime < b.lastUpdatedTime ? -1 : 1);

/** Every decision says why, and names the run that it speaks of. */
export async function everyDecisionSaysWhy({ ports: { store } }: World): Promise<void> {
  for (const { registry, name } of diamond)
    for await (const decision of store.decisions(registry, name)) {
      assert.ok(decision.reason.length > 10, JSON.stringify(decision));
      assert.equal(decision.runId !== undefined, decision.verdict !== 'skipped', JSON.stringify(decision));
    }
}

/** No registry has more runs than the settings allow. */
export async function keepsThePace({ ports: { store, settings } }: World): Promise<void> {
  for (const { name } of settings.registries) {
    const running = (await store.pace(name))?.value.running ?? [];
    assert.ok(running.length <= settings.runsPerRegistry, `${name} has ${running.join(', ')}`);
    assert.equal(new Set(running).size, running.length);
  }
}

/** A run that was cancelled before it had ended, ended cancelled. */
export async function whatWasCancelledEndedSo(
  { ports: { store } }: World,
  cancelled: Set<string>,
): Promise<void> {
  for (const name of cancelled) {
    const [registry = '', runId = ''] = name.split('/');
    assert.equal((await store.run(registry, runId))?.value.status, 'Canceled', name);
  }
}
