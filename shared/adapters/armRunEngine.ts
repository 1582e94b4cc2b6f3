import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { z } from 'zod';
import { ImageDescriptor, RunStatus } from '../model/run.ts';
import {
  type EngineLog,
  type EngineRequest,
  type EngineRun,
  type RunEngine,
  RunEngineError,
} from '../ports/runEngine.ts';
import { type ArmClientOptions, createArmClient, reach, read, refusal, retryAfterOf } from './armClient.ts';

/** The last stable version with runs. */
const stableVersion = '2019-04-01';

/** The oldest version that knows all that a request says: a sovereign cloud may not have the newest. */
const versionFor = ({ agentPoolName, logTemplate, credentials }: EngineRequest) => {
  if (credentials.sourceRegistry?.identity) return '2025-03-01-preview';
  return agentPoolName || logTemplate ? '2019-06-01-preview' : stableVersion;
};

/** Where ARM names no interval for a long-running operation. */
const pollSeconds = 1;
/** A worker that claimed a run has two minutes; then another asks the engine in its place. */
const scheduledWithinMs = 100_000;

/** What is read of ACR's Run; Azure adds fields, so anything else is let through. */
const RunResource = z.object({
  properties: z.object({
    runId: z.string(),
    status: RunStatus,
    startTime: z.string().nullish(),
    finishTime: z.string().nullish(),
    outputImages: z.array(ImageDescriptor).nullish(),
    runErrorMessage: z.string().nullish(),
  }),
});
const UploadPlace = z.object({ uploadUrl: z.url(), relativePath: z.string() });
const LogLink = z.object({ logLink: z.url().nullish() });

export interface ArmRunEngineOptions extends ArmClientOptions {
  /** Lets seconds pass; a test has its own. */
  wait?: (seconds: number) => Promise<void>;
}

/** A client asks for a run's log every second or two; its address is good for hours. */
const logUrlsKept = 100;

/** ACR's run engine through Azure Resource Manager. Upload and log addresses are signed: no message holds one. */
export function createArmRunEngine({ wait = sleep, ...options }: ArmRunEngineOptions): RunEngine {
  const arm = createArmClient(options);
  const logUrls = new Map<string, string>();

  async function schedule(registry: string, request: EngineRequest): Promise<EngineRun> {
    const doing = `scheduleRun of registry ${registry}`;
    let response = await arm.call(registry, 'POST', 'scheduleRun', versionFor(request), request);
    if (response.status === 404) throw await refusal(response, registry, doing);
    // 202: the run is made in a moment; its Location is asked until it is there.
    const location = response.headers.get('location');
    for (const until = Date.now() + scheduledWithinMs; response.status === 202 || response.status === 404; ) {
      if (!location) throw new RunEngineError(`${doing}: 202 without a Location`, { transient: true });
      if (Date.now() > until)
        throw new RunEngineError(`${doing}: the run was taken and not made`, { transient: true });
      await wait(retryAfterOf(response) ?? pollSeconds);
      response = await arm.follow(registry, location, `the operation of ${doing}`);
    }
    return toEngineRun(response, doing);
  }

  async function uploadUrl(registry: string) {
    const response = await arm.call(registry, 'POST', 'listBuildSourceUploadUrl', stableVersion);
    const doing = `listBuildSourceUploadUrl of registry ${registry}`;
    if (response.status === 404) throw await refusal(response, registry, doing);
    return read(response, UploadPlace, doing);
  }

  async function logUrl(registry: string, engineRunId: string): Promise<string | undefined> {
    const path = `runs/${engineRunId}/listLogSasUrl`;
    const response = await arm.call(registry, 'POST', path, stableVersion);
    if (response.status === 404) return undefined;
    return (await read(response, LogLink, `${path} of registry ${registry}`)).logLink ?? undefined;
  }

  return {
    uploadUrl,
    schedule,
    async upload(registry, { path, size }) {
      const { uploadUrl: url, relativePath } = await uploadUrl(registry);
      const doing = `uploading the build context for registry ${registry}`;
      const response = await reach(url, doing, {
        method: 'PUT',
        headers: { 'x-ms-blob-type': 'BlockBlob', 'content-length': String(size) },
        body: Readable.toWeb(createReadStream(path)) as ReadableStream,
        duplex: 'half',
      } as RequestInit);
      if (response.ok) return relativePath;
      // A 403 of Blob Storage: the address has run out, and the next try gets a new one.
      throw new RunEngineError(`${doing}: ${response.status} ${response.statusText}`.trim(), {
        transient: response.status >= 500 || [403, 408, 429].includes(response.status),
      });
    },
    async run(registry, engineRunId) {
      const path = `runs/${engineRunId}`;
      const response = await arm.call(registry, 'GET', path, stableVersion);
      return response.status === 404 ? undefined : toEngineRun(response, `${path} of registry ${registry}`);
    },
    async cancel(registry, engineRunId) {
      try {
        await arm.call(registry, 'POST', `runs/${engineRunId}/cancel`, stableVersion);
      } catch (error) {
        // It has ended, or is being cancelled: what was wanted.
        if (!(error instanceof RunEngineError) || error.status !== 409) throw error;
      }
    },
    async log(registry, engineRunId) {
      const key = `${registry}/${engineRunId}`;
      const what = `the log of run ${engineRunId} of registry ${registry}`;
      for (const isKnown of logUrls.has(key) ? [true, false] : [false]) {
        const url = isKnown ? logUrls.get(key) : await logUrl(registry, engineRunId);
        if (!url) return undefined;
        const head = await reach(url, what, { method: 'HEAD' });
        if (head.ok) {
          if (logUrls.size >= logUrlsKept) logUrls.clear();
          logUrls.set(key, url);
          return engineLog(url, Number(head.headers.get('content-length')), what);
        }
        logUrls.delete(key);
        if (head.status === 404) return undefined;
        // An address that was good for hours and is no longer: another is asked for, once.
        if (!isKnown) throw new RunEngineError(`${what}: ${head.status}`, { transient: true });
      }
      return undefined;
    },
  };
}

const engineLog = (url: string, length: number, what: string): EngineLog => ({
  length,
  async read(start, end) {
    const response = await reach(url, what, { headers: { 'x-ms-range': `bytes=${start}-${end - 1}` } });
    if (!response.ok) throw new RunEngineError(`${what}: ${response.status}`, { transient: true });
    return new Uint8Array(await response.arrayBuffer());
  },
});

async function toEngineRun(response: Response, doing: string): Promise<EngineRun> {
  const { properties } = await read(response, RunResource, doing);
  const { runId, status, startTime, finishTime, outputImages, runErrorMessage } = properties;
  return {
    runId,
    status,
    ...(startTime && { startTime }),
    ...(finishTime && { finishTime }),
    outputImages: outputImages ?? [],
    ...(runErrorMessage && { runErrorMessage }),
  };
}

const sleep = (seconds: number) => new Promise<void>((resolve) => setTimeout(resolve, seconds * 1000));
