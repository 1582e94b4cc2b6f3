import { causeOf } from '../../../shared/model/cause.ts';
import { runsOf } from '../world.ts';
import type { LostWorld } from './scenarios.ts';

const byText = (one: string, other: string) => (one < other ? -1 : 1);

/**
 * All that somebody can ask a world at rest for, without what differs by when it came to be: times, ids and digests.
 */
export async function endOf(world: LostWorld) {
  const { store, settings } = world.ports;
  const runs: string[] = [];
  const tasks: unknown[] = [];
  const decisions: string[] = [];
  const webhooks: string[] = [];
  const images = new Set(world.tags.keys());
  for (const { name: registry } of settings.registries) {
    for (const run of await runsOf(world, registry)) {
      const { task = 'no task', status, isArchiveEnabled, runErrorMessage = '' } = run;
      const said = runErrorMessage.replace(/run \w+/g, 'a run');
      runs.push(`${task}: ${causeOf(run).kind} ${status} ${isArchiveEnabled} ${said}`);
    }
    for (const { task, bases, built, last, open, outputs, timers, timeout, enabled } of await store.states(
      registry,
    )) {
      for (const image of outputs) images.add(image);
      tasks.push({
        ...{ registry, task, outputs, timeout, enabled, open },
        timers: timers?.map(({ name, schedule, last }) => [
          name,
          schedule,
          last.slice(0, 'yyyy-mm-ddThh:mm'.length),
        ]),
        properties: (await store.task(registry, task))?.value.properties.timeout,
        bases: bases.map(({ image, digest }) => [image, digest === world.tags.get(image)]),
        built: built?.pins.map(({ image, digest }) => [image, digest === world.tags.get(image)]),
        last: last && [last.status, last.failures, last.automatic],
      });
      for await (const { verdict } of store.decisions(registry, task)) decisions.push(`${task} ${verdict}`);
    }
    for (const { value } of await store.webhooks(registry))
      webhooks.push(`${value.task} ${value.status} ${value.hook.url} ${value.ids}`);
  }
  const edges: unknown[] = [];
  for (const image of [...images].sort()) {
    const { dependents, producers } = await store.imageEdges(image);
    edges.push([image, dependents, producers]);
  }
  return {
    runs: runs.sort(byText),
    tasks,
    decisions: [...new Set(decisions)].sort(byText),
    webhooks: webhooks.sort(byText),
    hooks: [...world.hooks].sort(byText),
    edges,
  };
}
