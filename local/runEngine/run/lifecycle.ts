import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type RunRequest, secretsIn } from '../api/runRequest.ts';
import { fetchContext, fetchSource } from '../source/source.ts';
import { parseSourceLocation, type SourceLocation, secretsOf } from '../source/sourceLocation.ts';
import type { TarLimits } from '../source/untar.ts';
import {
  type EndStatus,
  type Executor,
  type Login,
  type OutputImage,
  type PushedImage,
  RunFailure,
  type RunStatus,
  type TaskExecutor,
} from '../types.ts';
import { maskOf } from './mask.ts';
import { openRunLog, type RunLog } from './runLog.ts';
import { hasEnded, type RegistryRuns, type RunRecord, type StopReason } from './runRecord.ts';

interface LifecycleOptions {
  executor: Executor;
  taskExecutor: TaskExecutor;
  endpoints: ReadonlyMap<string, string>;
  /** Each run works in a directory of its own below. */
  dir: string;
  ca: string;
  caBundle: string;
  limits: TarLimits;
  maxConcurrentRuns: number;
}

/** A run that was accepted. */
export interface AcceptedRun {
  run: RunRecord;
  request: RunRequest;
  source: SourceLocation | undefined;
  images: OutputImage[];
  logins: Map<string, Login>;
}

/** Carries out runs, in the order they came, so many at a time. */
export interface Lifecycle {
  accept(owner: RegistryRuns, accepted: AcceptedRun): void;
  /** Cancels what goes on; resolves when nothing of any run is left. */
  stop(): Promise<void>;
}

export function startLifecycle(options: LifecycleOptions): Lifecycle {
  const going = new Map<RunRecord, Promise<void>>();
  const slots = createSlots(options.maxConcurrentRuns);
  let stopped = false;

  async function carryOut(owner: RegistryRuns, accepted: AcceptedRun) {
    const { run } = accepted;
    const mask = maskOf(secretsOfRun(accepted));
    const log = openRunLog(owner.blobs.logBlob(run.runId), mask);
    const dir = join(options.dir, `${owner.registry.name}-${run.runId}`);
    const hasSlot = await slots.take(run.abort);
    let status: EndStatus = 'Succeeded';
    try {
      run.abort.signal.throwIfAborted();
      await build(options, owner, accepted, { dir, log });
    } catch (error) {
      const message = mask(error instanceof Error ? error.message : String(error));
      const ending = endingOf(accepted, error instanceof RunFailure, message);
      status = ending.status;
      run.runErrorMessage = ending.message;
    }
    if (hasSlot) slots.giveBack();
    try {
      await finish(run, status, log);
    } finally {
      await removeTree(dir);
    }
  }

  return {
    accept(owner, accepted) {
      if (stopped) accepted.run.abort.abort('stop' satisfies StopReason);
      const done = carryOut(owner, accepted)
        .catch((error) => {
          // Only the log's storage can fail here; the run has its status already.
          console.warn(`Run ${accepted.run.runId} of ${owner.registry.name}: ${(error as Error).message}`);
        })
        .finally(() => going.delete(accepted.run));
      going.set(accepted.run, done);
    },
    async stop() {
      stopped = true;
      for (const run of going.keys()) run.abort.abort('stop' satisfies StopReason);
      await Promise.all(going.values());
    },
  };
}

/** So many runs at a time; the others wait in the order they came. */
function createSlots(most: number) {
  const waiting: (() => void)[] = [];
  let free = most;
  return {
    /** Resolves when the run may start, or was stopped while it waited; gives whether it holds a slot. */
    take({ signal }: AbortController): Promise<boolean> {
      if (free > 0) {
        free--;
        return Promise.resolve(true);
      }
      return new Promise((resolve) => {
        const start = () => {
          signal.removeEventListener('abort', leave);
          resolve(true);
        };
        const leave = () => {
          waiting.splice(waiting.indexOf(start), 1);
          resolve(false);
        };
        waiting.push(start);
        signal.addEventListener('abort', leave, { once: true });
      });
    },
    giveBack() {
      const next = waiting.shift();
      if (next) next();
      else free++;
    },
  };
}

const secretsOfRun = ({ request, logins, source }: AcceptedRun) => [
  ...secretsIn(request),
  ...[...logins.values()].map(({ password }) => password),
  ...(source ? secretsOf(source) : []),
];

/** How a run ends that threw, and what its record says of it. */
function endingOf(
  { run: { abort }, request }: AcceptedRun,
  isFailure: boolean,
  message: string,
): { status: EndStatus; message: string } {
  const reason = abort.signal.aborted ? (abort.signal.reason as StopReason) : undefined;
  if (reason === 'timeout')
    return {
      status: 'Timeout',
      message: `The run was stopped as it took longer than its timeout of ${request.timeout} seconds.`,
    };
  if (reason)
    return {
      status: 'Canceled',
      message: `The run was canceled${reason === 'stop' ? ' as the run engine was stopped' : ''}.`,
    };
  if (isFailure) return { status: 'Failed', message };
  return { status: 'Error', message: `The run engine failed: ${message}` };
}

async function build(
  options: LifecycleOptions,
  owner: RegistryRuns,
  accepted: AcceptedRun,
  place: { dir: string; log: RunLog },
): Promise<void> {
  const { run, request } = accepted;
  run.startTime = new Date();
  moveTo(run, 'Started');
  const timer = setTimeout(() => run.abort.abort('timeout' satisfies StopReason), request.timeout * 1000);
  try {
    await mkdir(place.dir, { recursive: true, mode: 0o700 });
    run.outputImages = await execute(options, owner, accepted, place);
    run.abort.signal.throwIfAborted();
  } finally {
    clearTimeout(timer);
  }
}

/** Gives the run to the executor of its kind, with the way to its source. */
function execute(
  { executor, taskExecutor, limits, ca, caBundle, endpoints }: LifecycleOptions,
  owner: RegistryRuns,
  { run, request, source, images, logins }: AcceptedRun,
  { dir, log: { line: log } }: { dir: string; log: RunLog },
): Promise<PushedImage[]> {
  const { signal } = run.abort;
  const mask = maskOf(source ? secretsOf(source) : []);
  const sourceOptions = { blobs: owner.blobs, limits, ca, caBundle, dir, mask, signal, log };
  const running = () => moveTo(run, 'Running');
  const common = { runId: run.runId, logins, endpoints, dir, signal, log, running };
  if (request.type === 'DockerBuildRequest')
    return executor({
      ...common,
      request,
      images,
      source: () => fetchSource(source!, request.dockerFilePath, sourceOptions),
    });
  return taskExecutor({
    ...common,
    request,
    registry: owner.registry,
    createTime: run.createTime,
    source: () => (source ? fetchContext(source, sourceOptions) : emptyDirectory(join(dir, 'source'))),
    fetch: (location, into) => fetchContext(parseSourceLocation(location), { ...sourceOptions, dir: into }),
  });
}

const emptyDirectory = async (path: string) => {
  await mkdir(path);
  return path;
};

function moveTo(run: RunRecord, status: RunStatus) {
  if (hasEnded(run)) return;
  run.status = status;
  run.lastUpdatedTime = new Date();
}

/** A client that sees the end, in the run or in the log, finds the log whole. */
async function finish(run: RunRecord, status: EndStatus, log: RunLog) {
  const finishTime = new Date();
  const seconds = Math.round((finishTime.getTime() - (run.startTime ?? finishTime).getTime()) / 1000);
  const how = {
    Succeeded: `was successful after ${seconds}s`,
    Failed: `failed after ${seconds}s. Error: ${run.runErrorMessage}`,
    Error: `failed after ${seconds}s. Error: ${run.runErrorMessage}`,
    Canceled: `was canceled after ${seconds}s`,
    Timeout: `timed out after ${seconds}s. ${run.runErrorMessage}`,
  }[status];
  await log.line('');
  await log.line(`Run ID: ${run.runId} ${how}`);
  await log.flush();
  run.finishTime = finishTime;
  run.lastUpdatedTime = finishTime;
  run.status = status;
  await log.complete(status);
}

/** `rm` takes a store of thousands of files away in a tenth of the time, and not on this thread. */
const removeTree = (dir: string) =>
  new Promise<void>((resolve, reject) => {
    const rm = spawn('/bin/rm', ['-rf', '--one-file-system', dir], { stdio: 'ignore' });
    rm.on('error', reject);
    rm.on('close', () => resolve());
  });
