import { parseImageRef } from '../imageRef.ts';
import type { ImageDescriptor, ImageUpdateTrigger, Run } from '../model/run.ts';
import type { Push, TaskState } from '../model/state.ts';
import type { Write } from '../ports/store.ts';
import { withQueued } from '../transitions.ts';

/** What a run of a task is from its first instant; the rest is filled in as it goes. */
export function newTaskRun(state: TaskState, runId: string, now: Date, extra: Partial<Run> = {}): Run {
  const time = now.toISOString();
  return {
    registry: state.registry,
    runId,
    status: 'Queued',
    task: state.task,
    createTime: time,
    lastUpdatedTime: time,
    platform: state.platform,
    ...(state.cpu && { cpu: state.cpu }),
    timeout: state.timeout,
    isArchiveEnabled: false,
    ...extra,
  };
}

/** The three rows that make a run queued, to be written together. */
export function queueWrites(run: Run, state: TaskState, etag: string, automatic: boolean): Write[] {
  return [
    { put: 'run', value: run },
    { put: 'state', value: withQueued(state, run, automatic), etag },
    placeWrite(run, automatic),
  ];
}

/** A run's place in the queue of its registry. */
export const placeWrite = ({ registry, runId }: Run, automatic: boolean): Write => ({
  put: 'place',
  value: { registry, runId, automatic },
});

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
export function hasPushed(trigger: ImageUpdateTrigger, push: Push): boolean {
  const pushed = pushedImage(push);
  return trigger.images.some((image) => sameTag(image, pushed) && image.digest === pushed.digest);
}

const sameTag = (a: ImageDescriptor, b: ImageDescriptor) =>
  a.registry === b.registry && a.repository === b.repository && a.tag === b.tag;

function pushedImage(push: Push): ImageDescriptor {
  const { registry, repository, tag } = parseImageRef(push.image);
  return { registry, repository, ...(tag && { tag }), digest: push.digest };
}
