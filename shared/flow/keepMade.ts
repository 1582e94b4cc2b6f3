import { formatImageRef, type ImageRef, parseImageRef } from '../imageRef.ts';
import type { Run } from '../model/run.ts';
import type { Ports } from '../ports/ports.ts';
import type { EngineRun } from '../ports/runEngine.ts';
import { untilUndisturbed } from './retry.ts';

/** What the engine made, its registry by its one name. */
export const named = (image: ImageRef) => parseImageRef(formatImageRef(image));

/** The names that a build made, with tag. */
const madeBy = ({ outputImages }: EngineRun) =>
  outputImages.flatMap(({ registry, repository, tag }) =>
    tag ? [formatImageRef(named({ registry, repository, tag }))] : [],
  );

/**
 * What a run made whose source only the engine has read is known from its end alone. What tasks are built from, this one
 * too, becomes the task's output: else nobody would wait for it, and a ring through it would have no end. Names that
 * are new with each run, which nobody is built from, are left out.
 */
export async function keepMade(
  run: Run,
  engineRun: EngineRun,
  { store }: Pick<Ports, 'store'>,
): Promise<void> {
  const used: string[] = [];
  for (const image of new Set(madeBy(engineRun)))
    if ((await store.standing(image)).dependents.length > 0) used.push(image);
  await untilUndisturbed(async () => {
    const state = await store.state(run.registry, run.task!);
    const outputs = used.filter((image) => !state?.value.outputs.includes(image));
    if (!state || outputs.length === 0) return;
    // Edges before the state: what the state has counts as written to them.
    await store.changeEdges(
      { registry: run.registry, task: state.value.task },
      { bases: [], outputs },
      { bases: [], outputs: [] },
    );
    const value = { ...state.value, outputs: [...state.value.outputs, ...outputs] };
    await store.commit(run.registry, [{ put: 'state', value, etag: state.etag }]);
  });
}
