import type { Run } from '../../model/run.ts';
import { formatImageRef, type ImageRef, parseImageRef } from '../../names/imageRef.ts';
import type { Ports } from '../../ports/ports.ts';
import type { EngineRun } from '../../ports/runEngine.ts';
import { retryOnConflict } from '../retryOnConflict.ts';

/** What the engine made, its registry by its one name. */
export const named = (image: ImageRef) => parseImageRef(formatImageRef(image));

/** The names that a build made, with tag. */
const madeBy = ({ outputImages }: EngineRun) =>
  outputImages.flatMap(({ registry, repository, tag }) =>
    tag ? [formatImageRef(named({ registry, repository, tag }))] : [],
  );

/**
 * Where only the engine has read the source, the images of a run are known when it ends. Those that any task is built
 * from, this one included, become the task's outputs: dependents wait for them, and a cycle through them is found.
 * Names that are new with each run are left out.
 */
export async function keepOutputs(
  run: Run,
  engineRun: EngineRun,
  { store }: Pick<Ports, 'store'>,
): Promise<void> {
  const used: string[] = [];
  for (const image of new Set(madeBy(engineRun)))
    if ((await store.imageEdges(image, { top: 1 })).dependents.length > 0) used.push(image);
  await retryOnConflict(async () => {
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
