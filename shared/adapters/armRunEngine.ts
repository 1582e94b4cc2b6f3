import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import type { TokenCredential } from '@azure/identity';
import { z } from 'zod';
import { ImageDescriptor, RunStatus } from '../model/run.ts';
import type { KnownRegistry } from '../ports/ports.ts';
import { type EngineLog, type EngineRun, type RunEngine, RunEngineError } from '../ports/runEngine.ts';

/** The last stable version with runs, and the first that knows agent pools and log artifacts. */
const stableVersion = '2019-04-01';
const previewVersion = '2019-06-01-preview';
const answerWithinMs = 60_000;
/** Where ARM names no interval for a long-running operation. */
const pollSeconds = 1;

/** What is read of ACR's Run; Azure adds fields, so anything else is let through. */
const RunResource = z.object({
  properties: z.object({
    runId: z.string(),
    status: RunStatus,
    startTime: z.string().optional(),
    finishTime: z.string().optional(),
    outputImages: z.array(ImageDescriptor).nullish(),
    runErrorMessage: z.string().nullish(),
  }),
});
const UploadPlace = z.object({ uploadUrl: z.string(), relativePath: z.string() });
const LogLink = z.object({ logLink: z.string().optional() });

export interface ArmRunEngineOptions {
  endpoint: string;
  registries: KnownRegistry[];
  credential: TokenCredential;
}

/** A client asks for a run's log every second or two; its address is good for hours. */
const logUrlsKept = 100;

/** ACR's run engine through Azure Resource Manager. */
export function createArmRunEngine({ endpoint, registries, credential }: ArmRunEngineOptions): RunEngine {
  const logUrls = new Map<string, string>();

  async function call(
    registry: string,
    method: string,
    path: string,
    body?: object,
    apiVersion = stableVersion,
  ): Promise<Response> {
    const known = registries.find(({ name }) => name === registry);
    if (!known) throw new RunEngineError(`${registry} is not in the settings.`, { transient: false });
    const doing = `${method} ${path} of registry ${registry}`;
    const response = await send(`${endpoint}${known.id}/${path}?api-version=${apiVersion}`, doing, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
    });
    if (!response.ok && response.status !== 404) throw await refusal(response, registry, doing);
    return response;
  }

  async function send(url: string, doing: string, init: RequestInit): Promise<Response> {
    const token = await credential.getToken('https://management.azure.com/.default');
    if (!token) throw new RunEngineError(`${doing}: the identity gave no token.`, { transient: true });
    const headers = { ...init.headers, authorization: `Bearer ${token.token}` };
    return reach(url, doing, { ...init, headers });
  }

  async function schedule(
    registry: string,
    request: { agentPoolName?: string; logTemplate?: string },
  ): Promise<EngineRun> {
    const version = request.agentPoolName || request.logTemplate ? previewVersion : stableVersion;
    let response = await call(registry, 'POST', 'scheduleRun', request, version);
    if (response.status === 404)
      throw await refusal(response, registry, `scheduleRun of registry ${registry}`);
    // 202: the run is made in a moment; its Location is asked until it is there.
    while (response.status === 202) {
      const location = response.headers.get('location');
      if (!location) break;
      await wait(Number(response.headers.get('retry-after')) || pollSeconds);
      response = await send(location, `the operation of scheduleRun of registry ${registry}`, {
        method: 'GET',
      });
      if (!response.ok) throw await refusal(response, registry, 'scheduleRun');
    }
    return toEngineRun(await response.json());
  }

  async function uploadUrl(registry: string) {
    const response = await call(registry, 'POST', 'listBuildSourceUploadUrl');
    if (response.status === 404) throw await refusal(response, registry, 'listBuildSourceUploadUrl');
    return UploadPlace.parse(await response.json());
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
      if (!response.ok)
        throw new RunEngineError(`${doing}: ${response.status} ${response.statusText}`, {
          transient: response.status >= 500 || response.status === 429,
        });
      return relativePath;
    },
    async run(registry, engineRunId) {
      const response = await call(registry, 'GET', `runs/${engineRunId}`);
      return response.status === 404 ? undefined : toEngineRun(await response.json());
    },
    async cancel(registry, engineRunId) {
      await call(registry, 'POST', `runs/${engineRunId}/cancel`);
    },
    async log(registry, engineRunId) {
      const key = `${registry}/${engineRunId}`;
      let url = logUrls.get(key);
      if (!url) {
        const response = await call(registry, 'POST', `runs/${engineRunId}/listLogSasUrl`);
        url = response.status === 404 ? undefined : LogLink.parse(await response.json()).logLink;
        if (!url) return undefined;
        if (logUrls.size >= logUrlsKept) logUrls.clear();
        logUrls.set(key, url);
      }
      const head = await reach(url, `the log of run ${engineRunId} of registry ${registry}`, {
        method: 'HEAD',
      });
      if (!head.ok) logUrls.delete(key);
      return head.ok
        ? engineLog(url, Number(head.headers.get('content-length')), `the log of ${key}`)
        : undefined;
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

async function reach(url: string, doing: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { ...init, signal: AbortSignal.timeout(answerWithinMs) });
  } catch (cause) {
    const why =
      cause instanceof Error ? ((cause.cause as Error | undefined)?.message ?? cause.message) : String(cause);
    throw new RunEngineError(`${doing}: no answer (${why})`, { transient: true, cause });
  }
}

function toEngineRun(body: unknown): EngineRun {
  const { runId, status, startTime, finishTime, outputImages, runErrorMessage } =
    RunResource.parse(body).properties;
  return {
    runId,
    status,
    ...(startTime && { startTime }),
    ...(finishTime && { finishTime }),
    outputImages: outputImages ?? [],
    ...(runErrorMessage && { runErrorMessage }),
  };
}

const advice: Record<number, (registry: string) => string> = {
  401: () => 'The token of the identity was not accepted. Is AZURE_CLIENT_ID the app’s identity?',
  403: (registry) =>
    `The identity may not do this. Assign it the role "Container Registry Tasks Contributor" on registry ${registry}.`,
  404: (registry) =>
    `Azure does not know registry ${registry}. Is its resource id in PLINTH_REGISTRIES right?`,
};

async function refusal(response: Response, registry: string, doing: string): Promise<RunEngineError> {
  const text = await response.text().catch(() => '');
  const retryAfter = Number(response.headers.get('retry-after')) || undefined;
  return new RunEngineError(
    [`${doing}: ${response.status} ${armMessage(text)}`.trim(), advice[response.status]?.(registry)]
      .filter(Boolean)
      .join('. '),
    {
      // 501 stays: what the engine cannot do now, it cannot do in a minute.
      transient: [409, 429].includes(response.status) || (response.status >= 500 && response.status !== 501),
      ...(retryAfter && { retryAfter }),
    },
  );
}

function armMessage(text: string): string {
  try {
    const { code, message } = JSON.parse(text).error;
    return `${code}: ${message}`;
  } catch {
    return '';
  }
}

const wait = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
