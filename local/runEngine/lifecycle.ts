import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { maskOf } from './mask.ts';
import { openRunLog, type RunLog } from './runLog.ts';
import { hasEnded, type RegistryRuns, type RunRecord, type StopReason } from './runRecord.ts';
import { type RunRequest, secretsIn } from './runRequest.ts';
import { fetchContext, fetchSource } from './source.ts';
import { parseSourceLocation, type SourceLocation, secretsOf } from './sourceLocation.ts';
import {
  type EndStatus,
  type Executor,
  type Login,
  type OutputImage,
  RunFailure,
  type RunStatus,
  type TaskExecutor,
} from './types.ts';
import type { TarLimits } from './untar.ts';

export interface LifecycleOptions {
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
  const waiting: (() => void)[] = [];
  const going = new Map<RunRecord, Promise<void>>();
  let slots = options.maxConcurrentRuns;
  let stopped = false;

  /** Resolves when the run may start, or was stopped while it waited; gives whether it holds a slot. */
  function slotFor({ signal }: AbortController): Promise<boolean> {
    if (slots > 0) {
      slots--;
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
  }
  const giveBack = () => {
    const next = waiting.shift();
    if (next) next();
    else slots++;
  };

  async function carryOut(owner: RegistryRuns, accepted: AcceptedRun) {
    const { run } = accepted;
    const secrets = [
      ...secretsIn(accepted.request),
      ...[...accepted.logins.values()].map(({ password }) => password),
      ...(accepted.source ? secretsOf(accepted.source) : []),
    ];
    const mask = maskOf(secrets);
    const log = openRunLog(owner.blobs.logBlob(run.runId), mask);
    const dir = join(options.dir, `${owner.registry.name}-${run.runId}`);
    const hasSlot = await slotFor(run.abort);
    let status: EndStatus;
    try {
      run.abort.signal.throwIfAborted();
      await build(owner, accepted, dir, log);
      status = 'Succeeded';
    } catch (error) {
      const reason = run.abort.signal.aborted ? (run.abort.signal.reason as StopReason) : undefined;
      const message = mask(error instanceof Error ? error.message : String(error));
      status = reason
        ? reason === 'timeout'
          ? 'Timeout'
          : 'Canceled'
        : error instanceof RunFailure
          ? 'Failed'
          : 'Error';
      run.runErrorMessage =
        status === 'Timeout'
          ? `The run was stopped as it took longer than its timeout of ${accepted.request.timeout} seconds.`
          : status === 'Canceled'
            ? `The run was canceled${reason === 'stop' ? ' as the run engine was stopped' : ''}.`
            : status === 'Error'
              ? `The run engine failed: ${message}`
              : message;
    }
    if (hasSlot) giveBack();
    try {
      await finish(run, status, log);
    } finally {
      await removeTree(dir);
    }
  }

  async function build(
    owner: RegistryRuns,
    { run, request, source, images, logins }: AcceptedRun,
    dir: string,
    log: RunLog,
  ) {
    const { signal } = run.abort;
    run.startTime = new Date();
    moveTo(run, 'Started');
    const timer = setTimeout(() => run.abort.abort('timeout' satisfies StopReason), request.timeout * 1000);
    try {
      await mkdir(dir, { recursive: true, mode: 0o700 });
      const { limits, ca, caBundle, endpoints } = options;
      const secret = maskOf(source ? secretsOf(source) : []);
      const sourceOptions = {
        blobs: owner.blobs,
        limits,
        ca,
        caBundle,
        dir,
        mask: secret,
        signal,
        log: log.line,
      };
      const common = {
        runId: run.runId,
        logins,
        endpoints,
        dir,
        signal,
        log: log.line,
        running: () => moveTo(run, 'Running'),
      };
      run.outputImages =
        request.type === 'DockerBuildRequest'
          ? await options.executor({
              ...common,
              request,
              images,
              source: () => fetchSource(source!, request.dockerFilePath, sourceOptions),
            })
          : await options.taskExecutor({
              ...common,
              request,
              registry: owner.registry,
              createTime: run.createTime,
              source: () =>
                source ? fetchContext(source, sourceOptions) : emptyDirectory(join(dir, 'source')),
              fetch: (location, into) =>
                fetchContext(parseSourceLocation(location), { ...sourceOptions, dir: into }),
            });
      signal.throwIfAborted();
    } finally {
      clearTimeout(timer);
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

const emptyDirectory = async (path: string) => {
  await mkdir(path);
  return path;
};

function moveTo(run: RunRecord, status: RunStatus) {
  if (hasEnded(run)) return;
  run.status = status;
  run.lastUpdatedTime = new Date();
}

/** Whoever sees the end, in the run or in the log, finds the log whole. */
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
