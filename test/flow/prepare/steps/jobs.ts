import type { Job } from '../../../../shared/flow/prepare/buildPlan.ts';
import type { Run } from '../../../../shared/model/run.ts';
import type { EncodedStep, TaskProperties, TaskStep } from '../../../../shared/model/task.ts';
import { formatImageRef } from '../../../../shared/names/imageRef.ts';
import { formatRunId } from '../../../../shared/names/runId.ts';
import { sampleRun, sampleTask } from '../../../doubles/storeContract.ts';
import { createWorld } from '../../../worlds/world.ts';

export const registry = 'appacr';
export const runId = formatRunId(registry, 1);
/** Its tags are digits, by which their digests can be told. */
export const base = 'baseacr.azurecr.io/base';
export const digest = (tag: string | number) => `sha256:${String(tag).repeat(64)}`;
export const gitUrl = 'https://git.example.com/app.git';

/** What a registry answers for an image: its digest, that there is none, or a fault. */
export type Images = Record<string, string | Error | undefined>;

interface Given {
  step: TaskStep;
  /** Of the context. */
  files?: Record<string, string> | undefined;
  /** All others are there. */
  images?: Images | undefined;
  run?: Partial<Run> | undefined;
  properties?: Partial<TaskProperties> | undefined;
}

/** A run of the task `app` that is to be planned; every file that is read and every image that is asked for is noted. */
export function jobOf({ step, files = {}, images = {}, run, properties }: Given) {
  const world = createWorld({ registries: [registry] });
  const { ports } = world;
  const read: string[] = [];
  const asked: string[] = [];
  ports.files.read = async (_, path) => {
    read.push(path);
    return files[path];
  };
  ports.registry.digestOf = async (reference) => {
    const image = formatImageRef(reference);
    asked.push(image);
    const answer = image in images ? images[image] : (reference.digest ?? digest(reference.tag!));
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const task = sampleTask(registry, 'app');
  const job: Job = {
    task: { ...task, properties: { ...task.properties, ...properties, step } },
    run: { ...sampleRun(registry, runId, task.name), ...run },
    registry: ports.settings.registries[0]!,
    ports,
  };
  return { job, world, read, asked };
}

/** A task file in a task; each step as it stands behind its `-`. */
export const encodedStep = (steps: string[], change: Partial<EncodedStep> = {}): EncodedStep => ({
  type: 'EncodedTask',
  encodedTaskContent: Buffer.from(`steps:\n${steps.map((one) => `  - ${one}\n`).join('')}`).toString(
    'base64',
  ),
  values: [],
  ...change,
});
