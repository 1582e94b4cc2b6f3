import type {
  DockerBuildRequest,
  EncodedTaskRunRequest,
  FileTaskRunRequest,
  Run,
  RunRequest,
  StepOverrides,
} from './run.ts';
import type {
  Argument,
  Credentials,
  CustomRegistry,
  SecretObject,
  TaskProperties,
  TaskStep,
  Triggers,
} from './task.ts';
import { without } from './without.ts';

/** Gives a secret another form; undefined takes it away. */
type Change = (secret: string) => string | undefined;

/** A task's properties with every secret changed: sealed, opened, or taken away for an answer. */
export function changeTaskSecrets(properties: TaskProperties, change: Change): TaskProperties {
  return {
    ...properties,
    step: changeStepSecrets(properties.step, change),
    ...(properties.trigger && { trigger: changeTriggers(properties.trigger, change) }),
    ...(properties.credentials && { credentials: changeCredentials(properties.credentials, change) }),
  };
}

function changeStepSecrets({ contextAccessToken, ...step }: TaskStep, change: Change): TaskStep {
  const token = contextAccessToken && change(contextAccessToken);
  const context = token ? { contextAccessToken: token } : {};
  return step.type === 'Docker'
    ? { ...step, ...context, arguments: changeArguments(step.arguments, change) }
    : { ...step, ...context, values: changeArguments(step.values, change) };
}

/** A quick build or quick run with every secret changed. */
export function changeRequestSecrets<T extends QuickRequest>(request: T, change: Change): T {
  return {
    ...request,
    ...('arguments' in request
      ? { arguments: changeArguments(request.arguments, change) }
      : { values: changeArguments(request.values, change) }),
    ...(request.credentials && { credentials: changeCredentials(request.credentials, change) }),
  };
}

/**
 * A run that has ended, without what only a start needs and should not be kept: a quick run's whole request, in
 * which its credentials and secret arguments are, the secrets of overrides, and addresses, which may be signed.
 */
export function withoutRequest(ended: Run): Run {
  const { overrides, ...run } = without(ended, 'quickBuild', 'quickRun');
  if (!overrides) return run;
  const secretless = changeOverrideSecrets(overrides, () => undefined);
  return { ...run, overrides: without(secretless, 'contextPath') };
}

/**
 * A run request without its secrets: secret arguments, credentials, and what an address may be signed with.
 */
export function withoutRequestSecrets(request: RunRequest): RunRequest {
  if (request.type !== 'TaskRunRequest') {
    const { sourceLocation, ...bare } = changeRequestSecrets(request, () => undefined);
    return { ...bare, ...(sourceLocation && { sourceLocation: unsigned(sourceLocation) }) };
  }
  const { overrideTaskStepProperties: given, ...rest } = request;
  if (!given) return request;
  const { contextPath, ...overrides } = changeOverrideSecrets(given, () => undefined);
  const context = contextPath && { contextPath: unsigned(contextPath) };
  return { ...rest, overrideTaskStepProperties: { ...overrides, ...context } };
}

const unsigned = (address: string) => address.replace(/\?[^#]*/, '').replace(/(^|:\/\/)[^/#]*@/, '$1');

type QuickRequest = DockerBuildRequest | FileTaskRunRequest | EncodedTaskRunRequest;

export const changeOverrideSecrets = (overrides: StepOverrides, change: Change): StepOverrides => ({
  ...overrides,
  arguments: changeArguments(overrides.arguments, change),
  values: changeArguments(overrides.values, change),
});

/** An argument without its value would not be one to ACR's schema, so a secret one goes as a whole, as ACR does. */
function changeArguments(given: Argument[], change: Change): Argument[] {
  return given.flatMap((argument) => {
    if (!argument.isSecret) return [argument];
    const value = change(argument.value);
    return value === undefined ? [] : [{ ...argument, value }];
  });
}

function changeTriggers(triggers: Triggers, change: Change): Triggers {
  if (!triggers.sourceTriggers) return triggers;
  return {
    ...triggers,
    sourceTriggers: triggers.sourceTriggers.map((trigger) => {
      const { sourceControlAuthProperties: auth, ...repository } = trigger.sourceRepository;
      if (!auth) return trigger;
      const { token, refreshToken, ...rest } = auth;
      const kept = { token: token && change(token), refreshToken: refreshToken && change(refreshToken) };
      // Nothing but the secrets is of use here, so without them ACR leaves the whole part out.
      if (!kept.token && !kept.refreshToken) return { ...trigger, sourceRepository: repository };
      return {
        ...trigger,
        sourceRepository: {
          ...repository,
          sourceControlAuthProperties: {
            ...rest,
            ...(kept.token && { token: kept.token }),
            ...(kept.refreshToken && { refreshToken: kept.refreshToken }),
          },
        },
      };
    }),
  };
}

function changeCredentials(credentials: Credentials, change: Change): Credentials {
  if (!credentials.customRegistries) return credentials;
  const entries = Object.entries(credentials.customRegistries);
  return {
    ...credentials,
    customRegistries: Object.fromEntries(
      entries.map(([server, custom]) => [server, changeCustom(custom, change)]),
    ),
  };
}

function changeCustom(custom: CustomRegistry, change: Change): CustomRegistry {
  return {
    ...custom,
    ...(custom.userName && { userName: changeSecretObject(custom.userName, change) }),
    ...(custom.password && { password: changeSecretObject(custom.password, change) }),
  };
}

/** A Vaultsecret is the secret's address, not the secret. */
function changeSecretObject({ value, ...object }: SecretObject, change: Change): SecretObject {
  if (value === undefined) return object;
  const changed = object.type === 'Vaultsecret' ? value : change(value);
  return changed === undefined ? object : { ...object, value: changed };
}
