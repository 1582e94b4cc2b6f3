import { randomBytes, randomUUID } from 'node:crypto';
import type { LoadedApp } from './app.ts';
import type { FunctionDefinition, InvocationResponse } from './core.ts';
import type { HostLog, LogLevel } from './logging.ts';
import type { RpcTypedData } from './typedData.ts';

export interface Invoker {
  /**
   * Runs a function once. What it throws is thrown on, after it was logged.
   * @param data the trigger's value
   * @param triggerMetadata what the handler finds in context.triggerMetadata
   */
  invoke(
    definition: FunctionDefinition,
    data: RpcTypedData,
    triggerMetadata?: Record<string, RpcTypedData>,
  ): Promise<InvocationResponse>;
  /** Resolves when nothing runs any more. */
  drained(): Promise<void>;
}

/** Runs functions of one app as the worker does, one line in the log when a run begins and one when it ends. */
export function makeInvoker(app: LoadedApp, log: HostLog): Invoker {
  const running = new Set<Promise<unknown>>();

  async function run(
    definition: FunctionDefinition,
    data: RpcTypedData,
    triggerMetadata: Record<string, RpcTypedData>,
  ) {
    const { name, bindings, triggerName, callback } = definition;
    const invocationId = randomUUID();
    const category = `Function.${name}`;
    const started = performance.now();
    const core = {
      invocationId,
      metadata: { name, functionId: name, bindings },
      request: {
        invocationId,
        functionId: name,
        inputData: [{ name: triggerName, data }],
        triggerMetadata,
        traceContext: {
          traceParent: `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-00`,
          traceState: '',
          attributes: {},
        },
      },
      state: 'invocation',
      log: (level: LogLevel, kind: string, message: string) =>
        log(level, kind === 'user' ? `${category}.User` : category, message),
    };
    log('information', category, `Executing 'Functions.${name}' (Id=${invocationId})`);
    const ended = (outcome: string) =>
      `Executed 'Functions.${name}' (${outcome}, Id=${invocationId}, Duration=${Math.round(performance.now() - started)}ms)`;
    try {
      const model = app.model.getInvocationModel(core);
      const { context, inputs } = await model.getArguments();
      const result = await model.invokeFunction(context, inputs, callback);
      const response = await model.getResponse(context, result);
      log('information', category, ended('Succeeded'));
      return response;
    } catch (error) {
      log('error', category, `${ended('Failed')} ${(error as Error)?.stack ?? error}`);
      throw error;
    }
  }

  return {
    invoke(definition, data, triggerMetadata = {}) {
      const promise = run(definition, data, triggerMetadata);
      running.add(promise);
      const forget = () => void running.delete(promise);
      promise.then(forget, forget);
      return promise;
    },
    async drained() {
      while (running.size > 0) await Promise.allSettled(running);
    },
  };
}
