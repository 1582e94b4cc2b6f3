import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { z } from 'zod';
import { type EngineRun, type RunEngine, RunEngineError } from '../../ports/runEngine.ts';
import { basesInLog } from './acrBuildLog.ts';
import { type ArmClient, type ArmClientOptions, createArmClient, reach, read, refusal } from './armClient.ts';
import { createArmLogs } from './armLogs.ts';
import { AcrRun, toEngineRun } from './engineRun.ts';
import { stableVersion } from './runRequest.ts';
import { createScheduleRun } from './scheduleRun.ts';
import type { Wait } from './starter.ts';
import { createTaskRuns } from './taskRuns.ts';

const UploadPlace = z.object({ uploadUrl: z.url(), relativePath: z.string() });

interface ArmRunEngineOptions extends ArmClientOptions {
  startBy: 'taskRuns' | 'scheduleRun';
  /** Lets seconds pass; a test has its own. */
  wait?: Wait;
}

/** ACR's run engine through Azure Resource Manager. Upload and log addresses are signed: no message holds one. */
export function createArmRunEngine({ startBy, wait = sleep, ...options }: ArmRunEngineOptions): RunEngine {
  const arm = createArmClient(options);
  const log = createArmLogs(arm);
  const starter = startBy === 'taskRuns' ? createTaskRuns(arm, wait) : createScheduleRun(arm, wait);
  return {
    ...starter,
    uploadUrl: (registry) => uploadUrl(arm, registry),
    upload: (registry, archive) => upload(arm, registry, archive),
    run: (registry, engineRunId) => run(arm, registry, engineRunId),
    cancel: (registry, engineRunId) => cancel(arm, registry, engineRunId),
    bases: async (registry, engineRunId) => basesInLog(await log(registry, engineRunId)),
    log,
  };
}

async function uploadUrl(arm: ArmClient, registry: string) {
  const response = await arm.call(registry, {
    method: 'POST',
    path: 'listBuildSourceUploadUrl',
    apiVersion: stableVersion,
  });
  const doing = `listBuildSourceUploadUrl of registry ${registry}`;
  if (response.status === 404) throw await refusal(response, registry, doing);
  return read(response, UploadPlace, doing);
}

async function upload(
  arm: ArmClient,
  registry: string,
  { path, size }: { path: string; size: number },
): Promise<string> {
  const { uploadUrl: url, relativePath } = await uploadUrl(arm, registry);
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
}

async function run(arm: ArmClient, registry: string, engineRunId: string): Promise<EngineRun | undefined> {
  const path = `runs/${engineRunId}`;
  const response = await arm.call(registry, { method: 'GET', path, apiVersion: stableVersion });
  if (response.status === 404) return undefined;
  return toEngineRun(await read(response, AcrRun, `${path} of registry ${registry}`));
}

async function cancel(arm: ArmClient, registry: string, engineRunId: string): Promise<void> {
  try {
    const path = `runs/${engineRunId}/cancel`;
    await arm.call(registry, { method: 'POST', path, apiVersion: stableVersion });
  } catch (error) {
    // It has ended, or is being cancelled already.
    if (!(error instanceof RunEngineError) || error.status !== 409) throw error;
  }
}

const sleep = (seconds: number) => new Promise<void>((resolve) => setTimeout(resolve, seconds * 1000));
