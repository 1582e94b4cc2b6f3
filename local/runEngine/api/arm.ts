import type { EngineAction } from '../types.ts';
import { ArmError, badRequest } from './armError.ts';
import { type ApiVersion, apiVersions } from './runRequest.ts';

export type TaskRunOperation = 'listTaskRuns' | 'putTaskRun' | 'getTaskRun' | 'deleteTaskRun';

type Operation =
  | 'scheduleRun'
  | 'listBuildSourceUploadUrl'
  | 'listRuns'
  | 'getRun'
  | 'updateRun'
  | 'cancelRun'
  | 'listLogSasUrl'
  | TaskRunOperation;

/** The action each operation needs on the registry. */
export const actionOf: Record<Operation, EngineAction> = {
  scheduleRun: 'scheduleRun',
  listBuildSourceUploadUrl: 'uploadSource',
  listRuns: 'readRuns',
  getRun: 'readRuns',
  updateRun: 'cancelRun',
  cancelRun: 'cancelRun',
  listLogSasUrl: 'readRuns',
  listTaskRuns: 'readTaskRuns',
  putTaskRun: 'writeTaskRuns',
  getTaskRun: 'readTaskRuns',
  deleteTaskRun: 'deleteTaskRuns',
};

const routes: [method: string, rest: RegExp, operation: Operation][] = [
  ['POST', /^scheduleRun$/i, 'scheduleRun'],
  ['POST', /^listBuildSourceUploadUrl$/i, 'listBuildSourceUploadUrl'],
  ['GET', /^runs$/i, 'listRuns'],
  ['GET', /^runs\/([^/]+)$/i, 'getRun'],
  ['PATCH', /^runs\/([^/]+)$/i, 'updateRun'],
  ['POST', /^runs\/([^/]+)\/cancel$/i, 'cancelRun'],
  ['POST', /^runs\/([^/]+)\/listLogSasUrl$/i, 'listLogSasUrl'],
  ['GET', /^taskRuns$/i, 'listTaskRuns'],
  ['PUT', /^taskRuns\/([^/]+)$/i, 'putTaskRun'],
  ['GET', /^taskRuns\/([^/]+)$/i, 'getTaskRun'],
  ['DELETE', /^taskRuns\/([^/]+)$/i, 'deleteTaskRun'],
];

export interface ArmRoute {
  /** As the caller wrote it. */
  resourceId: string;
  operation: Operation;
  /** Of the run, or of the taskRun. */
  runId?: string;
}

const registryPath =
  /^(\/subscriptions\/([^/]+)\/resourceGroups\/([^/]+)\/providers\/Microsoft\.ContainerRegistry\/registries\/([^/]+))\/(.+?)\/?$/i;

/**
 * What a path of ARM means; letters' case does not matter.
 * @throws ArmError 404 for a path that is none, 405 for another method
 */
export function routeOf(method: string, path: string): ArmRoute {
  const [, resourceId, , , , rest] = registryPath.exec(path) ?? [];
  const fitting = routes.filter(([, pattern]) => rest !== undefined && pattern.test(rest));
  if (resourceId === undefined || fitting.length === 0)
    throw new ArmError(404, 'InvalidResourcePath', `There is nothing at ${path}.`);
  const route = fitting.find(([wanted]) => wanted === method);
  if (!route) throw new ArmError(405, 'MethodNotAllowed', `${method} cannot be used on ${path}.`);
  const runId = route[1].exec(rest!)?.[1];
  return { resourceId, operation: route[2], ...(runId === undefined ? {} : { runId }) };
}

/** @throws ArmError 400 when the api-version is missing or not one of the run engine's */
export function apiVersionOf(query: URLSearchParams): ApiVersion {
  const entry = [...query].find(([name]) => name.toLowerCase() === 'api-version');
  if (!entry?.[1])
    throw new ArmError(
      400,
      'MissingApiVersionParameter',
      'The api-version query parameter (?api-version=) is required for all requests.',
    );
  const version = apiVersions.find((known) => known === entry[1]!.toLowerCase());
  if (version) return version;
  throw new ArmError(
    400,
    'NoRegisteredProviderFound',
    `No registered resource provider found for API version '${entry[1]}' for type 'registries/runs'. The supported api-versions are '${apiVersions.join(', ')}'.`,
  );
}

/** @throws ArmError 401 when there is no bearer token */
export function bearerToken(authorization: string | undefined): string {
  const token = /^Bearer\s+(\S+)$/i.exec(authorization ?? '')?.[1];
  if (token) return token;
  throw new ArmError(
    401,
    'AuthenticationFailed',
    `Authentication failed. The 'Authorization' header is ${authorization ? 'not a Bearer token' : 'missing'}.`,
  );
}

/** @throws ArmError 400 for what is not JSON */
export function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw new ArmError(400, 'InvalidRequestContent', 'The request content was invalid: it is not JSON.');
  }
}

/** @throws ArmError 400 for a body that is not `{"isArchiveEnabled": true|false}` */
export function parseRunUpdate(body: unknown): { isArchiveEnabled?: boolean } {
  const isObject = typeof body === 'object' && body !== null && !Array.isArray(body);
  const { isArchiveEnabled, ...rest } = (isObject ? body : { body }) as Record<string, unknown>;
  if (
    Object.keys(rest).length > 0 ||
    (isArchiveEnabled !== undefined && typeof isArchiveEnabled !== 'boolean')
  )
    throw badRequest("A run's only member that can be changed is isArchiveEnabled, true or false.");
  return isArchiveEnabled === undefined ? {} : { isArchiveEnabled };
}
