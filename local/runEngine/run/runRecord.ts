import type { RunRequest } from '../api/runRequest.ts';
import type { EngineRegistry, PushedImage, RunStatus } from '../types.ts';
import type { RegistryBlobs } from './blobs.ts';
import type { RunIds } from './runId.ts';

/** Why a run is stopped. */
export type StopReason = 'cancel' | 'timeout' | 'stop';

/** A run as the engine keeps it, in memory. */
export interface RunRecord {
  registry: EngineRegistry;
  runId: string;
  request: Pick<RunRequest, 'type' | 'platform' | 'agentConfiguration' | 'agentPoolName' | 'credentials'>;
  status: RunStatus;
  isArchiveEnabled: boolean;
  createTime: Date;
  lastUpdatedTime: Date;
  startTime?: Date;
  finishTime?: Date;
  outputImages: PushedImage[];
  runErrorMessage?: string;
  /** Its signal's reason is the StopReason. */
  abort: AbortController;
}

/** A taskRun as the engine keeps it, in memory. */
export interface TaskRunRecord {
  name: string;
  /** What the last PUT asked for, by its hash: it holds passwords. */
  asked: string;
  forceUpdateTag: string | undefined;
  /** Milliseconds. */
  putAt: number;
  run: RunRecord;
}

/** The runs of one registry. */
export interface RegistryRuns {
  registry: EngineRegistry;
  blobs: RegistryBlobs;
  ids: RunIds;
  /** By run id, oldest first. */
  runs: Map<string, RunRecord>;
  /** By name in lower case. */
  taskRuns: Map<string, TaskRunRecord>;
}

export const hasEnded = ({ finishTime }: RunRecord) => finishTime !== undefined;

/** The run as ARM shows it. */
export function runResource(run: RunRecord) {
  const { registry, runId, request } = run;
  const { sourceRegistry, customRegistries = {} } = request.credentials;
  return {
    id: `${registry.resourceId}/runs/${runId}`,
    name: runId,
    type: 'Microsoft.ContainerRegistry/registries/runs',
    properties: {
      provisioningState: 'Succeeded',
      runId,
      status: run.status,
      lastUpdatedTime: run.lastUpdatedTime.toISOString(),
      runType: request.type === 'DockerBuildRequest' ? 'QuickBuild' : 'QuickRun',
      createTime: run.createTime.toISOString(),
      startTime: run.startTime?.toISOString(),
      finishTime: run.finishTime?.toISOString(),
      outputImages: run.outputImages,
      platform: { ...request.platform, os: request.platform.os.toLowerCase() },
      agentConfiguration: { cpu: request.agentConfiguration?.cpu ?? 2 },
      sourceRegistryAuth: sourceRegistry?.loginMode ?? 'Default',
      customRegistries: Object.keys(customRegistries),
      runErrorMessage: run.runErrorMessage,
      isArchiveEnabled: run.isArchiveEnabled,
    },
  };
}
