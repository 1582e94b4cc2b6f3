import { createHash } from 'node:crypto';
import { z } from 'zod';
import { hasEnded, type RegistryRuns, runResource, type TaskRunRecord } from '../run/runRecord.ts';
import { parseJson, type TaskRunOperation } from './arm.ts';
import { ArmError, badRequest } from './armError.ts';
import { type ArmAnswer, type ArmRequest, type OperationOptions, startRun } from './operations.ts';

/**
 * `registries/taskRuns`, "a run request and its result" as a resource of ARM.
 * https://learn.microsoft.com/azure/templates/microsoft.containerregistry/registries/taskruns
 * What that page and the SDK's operations do not say is a switch here.
 */
export interface TaskRunDoubts {
  /** Whether a PUT with another request, and the same forceUpdateTag, runs again: "even if" suggests so. */
  rerunsChanged: boolean;
  /** After its PUT a taskRun is 404 for so long. */
  unseenMs: number;
  /** Whether the answer to a PUT has the run already; else GET has it first. */
  tellsRunAtOnce: boolean;
  /** So many a registry may have. */
  quota: number;
}

export const taskRunDoubts: TaskRunDoubts = {
  rerunsChanged: true,
  unseenMs: 0,
  tellsRunAtOnce: true,
  quota: 1000,
};

const TaskRunBody = z.strictObject({
  location: z.string().optional(),
  identity: z.looseObject({}).optional(),
  properties: z.strictObject({
    runRequest: z.looseObject({}),
    forceUpdateTag: z.string().optional(),
  }),
});

type TaskRunRequest = ArmRequest & { operation: TaskRunOperation };

/**
 * Does what a request, already allowed, asks of a registry's taskRuns.
 * @throws ArmError
 */
export async function performOnTaskRun(
  owner: RegistryRuns,
  request: TaskRunRequest,
  options: OperationOptions,
): Promise<ArmAnswer> {
  const { version, operation } = request;
  if (version < '2019-06-01-preview')
    throw new ArmError(
      400,
      'NoRegisteredProviderFound',
      `No registered resource provider found for API version '${version}' for type 'registries/taskRuns'.`,
    );
  const name = (request.runId ?? '').toLowerCase();
  switch (operation) {
    case 'putTaskRun':
      return put(owner, request, options);
    case 'getTaskRun': {
      const found = owner.taskRuns.get(name);
      if (found && Date.now() - found.putAt >= options.taskRuns.unseenMs)
        return { status: 200, body: taskRunResource(found) };
      const message = `The taskRun '${request.runId}' was not found in the registry '${owner.registry.name}'.`;
      throw new ArmError(404, 'TaskRunNotFound', message);
    }
    case 'deleteTaskRun':
      // Its run, and that run's log, are resources of their own.
      return { status: owner.taskRuns.delete(name) ? 200 : 204 };
    case 'listTaskRuns':
      return { status: 200, body: { value: [...owner.taskRuns.values()].map(taskRunResource) } };
  }
}

async function put(
  owner: RegistryRuns,
  { version, body, runId: name = '' }: TaskRunRequest,
  options: OperationOptions,
): Promise<ArmAnswer> {
  if (!/^[a-zA-Z0-9-]{5,50}$/.test(name))
    throw badRequest('The name of a taskRun has 5 to 50 letters, digits and hyphens.', 'taskRunName');
  const parsed = TaskRunBody.safeParse(parseJson(body));
  if (!parsed.success)
    throw badRequest(`The taskRun is not valid: ${parsed.error.issues[0]!.message}.`, 'properties');
  const { runRequest, forceUpdateTag } = parsed.data.properties;
  const { rerunsChanged, tellsRunAtOnce, quota } = options.taskRuns;
  const asked = createHash('sha256').update(JSON.stringify(runRequest)).digest('hex');
  const before = owner.taskRuns.get(name.toLowerCase());
  const isSame =
    before && before.forceUpdateTag === forceUpdateTag && (before.asked === asked || !rerunsChanged);
  if (isSame) return { status: 200, body: taskRunResource(before) };
  if (!before && owner.taskRuns.size >= quota)
    throw new ArmError(403, 'QuotaExceeded', `The registry has ${quota} taskRuns, and may have no more.`);
  const run = await startRun(owner, runRequest, version, options);
  const made: TaskRunRecord = { name, asked, forceUpdateTag, putAt: Date.now(), run };
  owner.taskRuns.set(name.toLowerCase(), made);
  const { runResult, ...properties } = taskRunResource(made).properties;
  const told = {
    ...taskRunResource(made),
    properties: { ...properties, ...(tellsRunAtOnce && { runResult }) },
  };
  return { status: 201, body: told };
}

/** The taskRun as ARM shows it; the request with its passwords is not shown here. */
function taskRunResource({ name, forceUpdateTag, run }: TaskRunRecord) {
  const ended = run.status === 'Succeeded' || run.status === 'Canceled' ? run.status : 'Failed';
  return {
    id: `${run.registry.resourceId}/taskRuns/${name}`,
    name,
    type: 'Microsoft.ContainerRegistry/registries/taskRuns',
    properties: {
      provisioningState: hasEnded(run) ? ended : 'Creating',
      forceUpdateTag,
      runResult: runResource(run),
    },
  };
}
