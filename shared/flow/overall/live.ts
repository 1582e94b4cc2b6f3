import type { LiveAnswer, LiveRegistry, LiveRun } from '../../graph/answers.ts';
import { cut } from '../../graph/compact.ts';
import type { ImageUpdateTrigger, Run } from '../../model/run.ts';
import { formatImageRef } from '../../names/imageRef.ts';
import type { Ports } from '../../ports/ports.ts';
import { maxPlaces, queuedPlaces } from '../api/registryOverview.ts';
import { mapAtMost } from '../concurrency.ts';
import { slotsOf } from '../queue/nextInQueue.ts';
import { messageOf } from '../start/postpone.ts';

const newestRuns = 50;
const registriesAtOnce = 8;

type Flow = Pick<Ports, 'store' | 'settings' | 'log'>;

/** What runs and waits in all registries: three storage calls for each. One that cannot be read says so, alone. */
export async function live(ports: Flow): Promise<LiveAnswer> {
  const registries = await mapAtMost(ports.settings.registries, registriesAtOnce, async ({ name }) => {
    try {
      return await liveRegistry(name, ports);
    } catch (error) {
      ports.log('error', `${name} could not be read: ${messageOf(error)}`, { registry: name });
      const fault = `${name} could not be read; the app's log says why.`;
      return { name, fault, running: [], queued: [], runs: [] };
    }
  });
  return { registries };
}

async function liveRegistry(name: string, ports: Flow): Promise<LiveRegistry> {
  const [pace, queued, runs] = await Promise.all([
    slotsOf(name, ports),
    queuedPlaces(name, ports),
    newest(name, ports),
  ]);
  const more = queued.length === maxPlaces;
  return { name, running: pace.value.running, queued, ...(more && { more: true as const }), runs };
}

async function newest(registry: string, { store }: Flow): Promise<LiveRun[]> {
  const runs: LiveRun[] = [];
  for await (const run of store.runs(registry, { atOnce: newestRuns }))
    if (runs.push(liveRun(run)) === newestRuns) break;
  return runs;
}

function pushOf({ id, timestamp, images: [first] }: ImageUpdateTrigger): Pick<LiveRun, 'push' | 'pushed'> {
  if (!first) return { push: id };
  const { registry, repository, tag = 'latest', digest } = first;
  const image = formatImageRef({ registry, repository, tag });
  return { push: id, pushed: { image, ...(digest && { digest: cut(digest) }), time: timestamp } };
}

function liveRun(run: Run): LiveRun {
  const { runId, task, status, createTime, startTime, finishTime, imageUpdateTrigger } = run;
  const waiting = status === 'Queued' ? run.waitingFor : undefined;
  return {
    runId,
    ...(task !== undefined && { task }),
    status,
    createTime,
    ...(startTime && { startTime }),
    ...(finishTime && { finishTime }),
    ...(imageUpdateTrigger && pushOf(imageUpdateTrigger)),
    ...(waiting && {
      waits: waiting.reason,
      ...(waiting.nextTry && { nextTry: waiting.nextTry }),
      ...(waiting.givenUpAt && { givenUpAt: waiting.givenUpAt }),
    }),
  };
}
