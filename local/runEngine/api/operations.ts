import type { AcceptedRun, Lifecycle } from '../run/lifecycle.ts';
import {
  hasEnded,
  type RegistryRuns,
  type RunRecord,
  runResource,
  type StopReason,
} from '../run/runRecord.ts';
import { parseSourceLocation } from '../source/sourceLocation.ts';
import { type ArmRoute, parseJson, parseRunUpdate } from './arm.ts';
import { ArmError } from './armError.ts';
import { type IdentityCredentials, loginsOf } from './runCredentials.ts';
import { pageOfRuns } from './runFilter.ts';
import { type ApiVersion, parseRunRequest } from './runRequest.ts';
import { targetImages } from './targetImages.ts';
import { performOnTaskRun, type TaskRunDoubts } from './taskRuns.ts';

export interface OperationOptions {
  lifecycle: Lifecycle;
  minimumTimeout: number;
  identityCredentials: IdentityCredentials | undefined;
  acceptAsynchronously: boolean;
  taskRuns: TaskRunDoubts;
}

export interface ArmRequest extends ArmRoute {
  version: ApiVersion;
  /** Its origin is the engine's own. */
  url: URL;
  body: Buffer;
}

export interface ArmAnswer {
  status: number;
  body?: object;
  headers?: Record<string, string>;
}

/**
 * Does what a request, already allowed, asks of a registry.
 * @throws ArmError
 */
export async function perform(
  owner: RegistryRuns,
  request: ArmRequest,
  options: OperationOptions,
): Promise<ArmAnswer> {
  switch (request.operation) {
    case 'scheduleRun':
      return schedule(owner, request, options);
    case 'listBuildSourceUploadUrl':
      return { status: 200, body: await owner.blobs.uploadUrl() };
    case 'listRuns':
      return list(owner, request);
    case 'getRun':
      return { status: 200, body: runResource(runOf(owner, request)) };
    case 'updateRun': {
      const run = runOf(owner, request);
      Object.assign(run, parseRunUpdate(parseJson(request.body)), { lastUpdatedTime: new Date() });
      return { status: 200, body: runResource(run) };
    }
    case 'cancelRun': {
      const run = runOf(owner, request);
      if (!hasEnded(run)) run.abort.abort('cancel' satisfies StopReason);
      return { status: 200 };
    }
    case 'listLogSasUrl':
      return { status: 200, body: { logLink: await owner.blobs.logUrl(runOf(owner, request).runId) } };
    default:
      return performOnTaskRun(owner, { ...request, operation: request.operation }, options);
  }
}

function runOf({ runs, registry }: RegistryRuns, { runId = '' }: ArmRequest): RunRecord {
  const run = runs.get(runId.toLowerCase());
  if (run) return run;
  throw new ArmError(
    404,
    'RunNotFound',
    `The run '${runId}' was not found in the registry '${registry.name}'.`,
  );
}

async function schedule(
  owner: RegistryRuns,
  { version, url, body }: ArmRequest,
  options: OperationOptions,
): Promise<ArmAnswer> {
  const run = await startRun(owner, parseJson(body), version, options);
  if (!options.acceptAsynchronously) return { status: 200, body: runResource(run) };
  const path = `${owner.registry.resourceId}/runs/${run.runId}?api-version=${version}`;
  return { status: 202, headers: { location: new URL(path, url).href, 'retry-after': '1' } };
}

/** Takes a run request and lets its run begin. @throws ArmError */
export async function startRun(
  owner: RegistryRuns,
  body: unknown,
  version: ApiVersion,
  { lifecycle, minimumTimeout, identityCredentials }: OperationOptions,
): Promise<RunRecord> {
  const request = parseRunRequest(body, version, minimumTimeout);
  const source =
    request.sourceLocation === undefined ? undefined : parseSourceLocation(request.sourceLocation);
  const { registry, ids, runs } = owner;
  const named = (runId: string, createTime: Date) => {
    if (request.type !== 'DockerBuildRequest') return [];
    const others = Object.keys(request.credentials.customRegistries ?? {}).map((server) =>
      server.toLowerCase(),
    );
    const { os, architecture } = request.platform;
    return targetImages(request.imageNames, { runId, createTime, os, architecture }, registry, others);
  };
  // A refused request takes no run id, so its names are tried with one first.
  named('ca1', new Date());
  const logins = await loginsOf(request, registry, identityCredentials);
  const runId = ids.next();
  const createTime = new Date();
  const { type, platform, agentConfiguration, agentPoolName, credentials, isArchiveEnabled } = request;
  const run: RunRecord = {
    registry,
    runId,
    request: { type, platform, agentConfiguration, agentPoolName, credentials: withoutSecrets(credentials) },
    status: 'Queued',
    isArchiveEnabled,
    createTime,
    lastUpdatedTime: createTime,
    outputImages: [],
    abort: new AbortController(),
  };
  runs.set(runId, run);
  const accepted: AcceptedRun = { run, request, source, images: named(runId, createTime), logins };
  lifecycle.accept(owner, accepted);
  return run;
}

/** A finished run is kept; its passwords are not. */
function withoutSecrets({ sourceRegistry, customRegistries = {} }: RunRecord['request']['credentials']) {
  return {
    ...(sourceRegistry ? { sourceRegistry } : {}),
    customRegistries: Object.fromEntries(Object.keys(customRegistries).map((server) => [server, {}])),
  };
}

function list({ runs }: RegistryRuns, { url }: ArmRequest): ArmAnswer {
  const query = url.searchParams;
  const asked = { filter: query.get('$filter'), top: query.get('$top'), skipToken: query.get('$skiptoken') };
  const { page, next } = pageOfRuns(runs, asked);
  const value = page.map(runResource);
  if (!next) return { status: 200, body: { value } };
  const link = new URL(url);
  link.searchParams.set('$skiptoken', next.skipToken);
  if (next.top !== undefined) link.searchParams.set('$top', String(next.top));
  return { status: 200, body: { value, nextLink: link.href } };
}
