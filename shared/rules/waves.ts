import type { PlanState } from '../model/state.ts';

/**
 * What is rebuilt before what: a task starts after the last producer of its base images, so its wave is the
 * longest way down to it. Pure.
 * @param images the images that move, whose producers are not waited for
 * @param tasks all that are rebuilt, each with the caller's own value
 * @returns the waves in their order, the tasks of each in the order in which they were given
 */
export function wavesOf<T extends { state: PlanState }>(images: string[], tasks: readonly T[]): T[][] {
  const makers = new Map<string, T[]>();
  for (const task of tasks)
    for (const output of task.state.outputs) makers.set(output, [...(makers.get(output) ?? []), task]);
  const depths = new Map<T, number>();
  const depthOf = (task: T, path: Set<T>): number => {
    const known = depths.get(task);
    if (known !== undefined || path.has(task)) return known ?? 0;
    const above = task.state.bases.flatMap(({ image }) =>
      images.includes(image) ? [] : (makers.get(image) ?? []),
    );
    const depth = 1 + Math.max(0, ...above.map((maker) => depthOf(maker, new Set(path).add(task))));
    depths.set(task, depth);
    return depth;
  };
  const waves: T[][] = [];
  for (const task of tasks) {
    const depth = depthOf(task, new Set());
    waves[depth - 1] ??= [];
    waves[depth - 1]!.push(task);
  }
  return waves;
}

/**
 * The longest task, or what a registry's tasks take at its pace, whichever is more.
 * @param runsAtOnce that a registry may have
 * @returns seconds; undefined where no task of the wave was built yet
 */
export function waveSeconds(wave: readonly PlanState[], runsAtOnce: number): number | undefined {
  const known = wave.flatMap(({ built }) => built?.seconds ?? []);
  if (known.length === 0) return undefined;
  const average = known.reduce((sum, seconds) => sum + seconds, 0) / known.length;
  const perRegistry = new Map<string, number>();
  for (const { registry, built } of wave)
    perRegistry.set(registry, (perRegistry.get(registry) ?? 0) + (built?.seconds ?? average));
  const rounds = [...perRegistry.values()].map((sum) => sum / runsAtOnce);
  return Math.round([...known, ...rounds].reduce((most, seconds) => Math.max(most, seconds), 0));
}
