import { type Cause, triggerOf } from '../../model/cause.ts';
import type { ImageDescriptor, ImageUpdateTrigger, Run } from '../../model/run.ts';
import type { Push, TaskState } from '../../model/state.ts';
import { parseImageRef } from '../../names/imageRef.ts';
import type { Stored, Write } from '../../ports/store.ts';
import { withQueued } from '../../rules/taskState.ts';
import { queueEntryOf, waitingPlace } from './places.ts';

/** What a run of a task is from its first instant; the rest is filled in as it goes. */
export function newTaskRun(
  state: TaskState,
  runId: string,
  now: Date,
  { cause, ...extra }: Partial<Run> & { cause: Cause },
): Run {
  const time = now.toISOString();
  return {
    registry: state.registry,
    runId,
    status: 'Queued',
    task: state.task,
    createTime: time,
    nonce: crypto.randomUUID(),
    lastUpdatedTime: time,
    platform: state.platform,
    ...(state.cpu && { cpu: state.cpu }),
    timeout: state.timeout,
    isArchiveEnabled: false,
    ...triggerOf(cause),
    ...extra,
  };
}

/** The rows that make a run queued, to be written together; a run of no task has no state. */
export function queueWrites(run: Run, state?: Stored<TaskState>): Write[] {
  return [
    { put: 'run', value: run },
    ...(state ? [{ put: 'state' as const, value: withQueued(state.value, run), etag: state.etag }] : []),
    ...(run.waitingFor ? waitingPlace(run) : [{ put: 'place' as const, value: queueEntryOf(run) }]),
  ];
}

export const imageUpdateTrigger = (push: Push): ImageUpdateTrigger => ({
  id: push.id,
  timestamp: push.timestamp,
  images: [pushedImage(push)],
});

/** One more image for a run that is queued; the newest digest of a tag takes the place of an older one. */
export function withPushed(trigger: ImageUpdateTrigger, push: Push): ImageUpdateTrigger {
  const pushed = pushedImage(push);
  return { ...trigger, images: [...trigger.images.filter((image) => !sameTag(image, pushed)), pushed] };
}

/** Whether the trigger names this tag with this digest. */
function hasPushed(trigger: ImageUpdateTrigger, push: Push): boolean {
  const pushed = pushedImage(push);
  return trigger.images.some((image) => sameTag(image, pushed) && image.digest === pushed.digest);
}

const sameTag = (a: ImageDescriptor, b: ImageDescriptor) =>
  a.registry === b.registry && a.repository === b.repository && a.tag === b.tag;

function pushedImage(push: Push): ImageDescriptor {
  const { registry, repository, tag } = parseImageRef(push.image);
  return { registry, repository, ...(tag && { tag }), digest: push.digest };
}

/**
 * The run with the push among its images; undefined where it is there already. A run that was asked for by hand gets a
 * new version all the same, so that a worker that has read its digests before the push reads them again.
 */
export function withMerged(run: Run, push: Push, now: Date): Run | undefined {
  const lastUpdatedTime = now.toISOString();
  if (!run.imageUpdateTrigger) return { ...run, lastUpdatedTime };
  if (hasPushed(run.imageUpdateTrigger, push)) return undefined;
  return { ...run, imageUpdateTrigger: withPushed(run.imageUpdateTrigger, push), lastUpdatedTime };
}
