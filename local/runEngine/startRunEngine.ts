import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import type { IdentityCredentials } from './api/runCredentials.ts';
import { startServer } from './api/server.ts';
import { type TaskRunDoubts, taskRunDoubts } from './api/taskRuns.ts';
import { buildahExecutor } from './build/buildahExecutor.ts';
import { storageDriverFor } from './build/storageDriver.ts';
import { openRegistryBlobs } from './run/blobs.ts';
import { startLifecycle } from './run/lifecycle.ts';
import { runIds } from './run/runId.ts';
import { type RegistryRuns, runResource } from './run/runRecord.ts';
import { openWorkspace } from './run/workspace.ts';
import type { TarLimits } from './source/untar.ts';
import { taskExecutor } from './steps/taskExecutor.ts';
import {
  type Authorize,
  type EngineRegistry,
  type Executor,
  RunFailure,
  type TaskExecutor,
} from './types.ts';

export interface RunEngineOptions {
  registries: EngineRegistry[];
  /** Where uploads and logs are; the account's key must be in it, as SAS URLs are made with it. */
  blob: { connectionString: string };
  /** PEM; without it the engine serves http. */
  tls?: { key: string | Buffer; cert: string | Buffer };
  /** PEM file of the authority the registries' and sources' certificates come from, beside the public ones. */
  caFile?: string;
  /** Where runs work; made when it is not there. Each engine keeps to a subdirectory of its own. */
  dir: string;
  authorize: Authorize;
  /** 0, the default, takes a free port. */
  port?: number;
  /** Default: the machine's cores. */
  maxConcurrentRuns?: number;
  /**
   * Real places of other login servers, or of path prefixes in one: `docker.io/library` →
   * `https://localhost:5211/mirror`.
   */
  registryAliases?: Record<string, string>;
  /** Seconds; ACR's and the default is 300. */
  minimumTimeout?: number;
  /** Default: 4 GiB and 500,000 entries. */
  sourceLimits?: TarLimits;
  identityCredentials?: IdentityCredentials;
  /** Answers scheduleRun with 202 and a Location instead of 200 and the run; ACR may do either. */
  acceptAsynchronously?: boolean;
  /** What the documentation of taskRuns leaves open, where it is not as `taskRunDoubts`. */
  taskRuns?: Partial<TaskRunDoubts>;
  executor?: 'buildah' | Executor;
  /** Makes the executor of Docker builds another; the one chosen when not given. */
  builder?: (executor: Executor) => Executor;
}

export interface RunEngine {
  /** `https://localhost:PORT`: what ARM's address is in Azure. */
  url: string;
  /** Cancels every run and removes what they used. */
  stop(): Promise<void>;
  /** All runs as ARM shows them, of all registries. */
  runs(): ReturnType<typeof runResource>[];
  /** The names of the taskRuns that there are, of all registries. */
  taskRuns(): string[];
}

const defaultLimits: TarLimits = { bytes: 4 * 1024 ** 3, entries: 500_000 };

/**
 * Starts ACR's run engine for some registries, in ARM's routes.
 * @throws Error when this machine cannot contain builds, the storage does not answer, or the port is taken
 */
export async function startRunEngine(options: RunEngineOptions): Promise<RunEngine> {
  const workspace = await openWorkspace(options.dir);
  try {
    const { ca, caBundle, certDir } = await trust(workspace.path, options.caFile);
    const registries: RegistryRuns[] = [];
    for (const [index, registry] of options.registries.entries()) {
      const { blobs, earlier } = await openRegistryBlobs(options.blob.connectionString, registry.name);
      registries.push({ registry, blobs, ids: runIds(index, earlier), runs: new Map(), taskRuns: new Map() });
    }
    const executors = await executorsOf(options.executor ?? 'buildah', workspace.path, certDir, ca);
    const lifecycle = startLifecycle({
      ...executors,
      ...(options.builder && { executor: options.builder(executors.executor) }),
      endpoints: new Map([
        ...Object.entries(options.registryAliases ?? {}),
        ...options.registries.map(({ loginServer, endpoint }) => [loginServer, endpoint] as const),
      ]),
      dir: workspace.path,
      ca,
      caBundle,
      limits: options.sourceLimits ?? defaultLimits,
      maxConcurrentRuns: options.maxConcurrentRuns ?? availableParallelism(),
    });
    const server = await startServer({
      registries,
      lifecycle,
      authorize: options.authorize,
      tls: options.tls,
      port: options.port ?? 0,
      minimumTimeout: options.minimumTimeout ?? 300,
      identityCredentials: options.identityCredentials,
      acceptAsynchronously: options.acceptAsynchronously ?? false,
      taskRuns: { ...taskRunDoubts, ...options.taskRuns },
    });
    return {
      url: server.url,
      runs: () => registries.flatMap(({ runs }) => [...runs.values()].map(runResource)),
      taskRuns: () => registries.flatMap(({ taskRuns }) => [...taskRuns.values()].map(({ name }) => name)),
      async stop() {
        await server.stop();
        await lifecycle.stop();
        await workspace.remove();
      },
    };
  } catch (error) {
    await workspace.remove();
    throw error;
  }
}

/** A test's own executor does Docker builds only. */
async function executorsOf(executor: 'buildah' | Executor, dir: string, certDir: string, ca: string) {
  if (executor !== 'buildah') {
    const refused: TaskExecutor = () => Promise.reject(new RunFailure('This run engine runs no task files.'));
    return { executor, taskExecutor: refused };
  }
  const cacheDir = join(dir, 'cache');
  await mkdir(cacheDir);
  const options = { storageDriver: await storageDriverFor(dir), certDir, ca, cacheDir };
  return { executor: buildahExecutor(options), taskExecutor: taskExecutor(options) };
}

/** The authorities trusted, in the three forms that Node, git and buildah take. */
async function trust(dir: string, caFile: string | undefined) {
  const own = caFile === undefined ? '' : await readFile(caFile, 'utf8');
  const ca = [...rootCertificates, own].join('\n');
  const caBundle = join(dir, 'ca.pem');
  await writeFile(caBundle, ca);
  const certDir = join(dir, 'certs');
  await mkdir(certDir);
  if (caFile !== undefined) await copyFile(caFile, join(certDir, 'ca.crt'));
  return { ca, caBundle, certDir };
}
