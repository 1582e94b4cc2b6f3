import Module from 'node:module';
import type { HostLog, LogLevel } from './logging.ts';
import type { RpcTypedData } from './typedData.ts';

/**
 * The seam between `@azure/functions` and a host. The library asks for the module `@azure/functions-core`, which no
 * registry has: the Node worker answers that one require() itself, and so does this host. Rules: the library's own
 * source (src/app.ts, src/ProgrammingModel.ts) and the worker's observed behaviour.
 */
export interface Binding {
  type: string;
  direction: string;
  [property: string]: unknown;
}

export interface FunctionDefinition {
  name: string;
  bindings: Record<string, Binding>;
  /** The name, among the bindings, of the one that starts it. */
  triggerName: string;
  trigger: Binding;
  callback: unknown;
}

/** What the library makes of one invocation. */
interface InvocationModel {
  getArguments(): Promise<{ context: unknown; inputs: unknown[] }>;
  invokeFunction(context: unknown, inputs: unknown[], callback: unknown): Promise<unknown>;
  getResponse(context: unknown, result: unknown): Promise<InvocationResponse>;
}

export interface InvocationResponse {
  returnValue?: RpcTypedData | null;
  outputData?: Array<{ name: string; data: RpcTypedData }>;
}

export interface ProgrammingModel {
  getInvocationModel(context: object): InvocationModel;
  getCapabilities(capabilities: Record<string, string>): Promise<Record<string, string>>;
}

/** One app's registrations, filled while its files load. */
export interface Registrations {
  functions: FunctionDefinition[];
  /** The app's appTerminate hooks, called before its process ends, in the order they were registered. */
  atEnd: Array<(context: object) => unknown>;
  /** True once the app has loaded: later registrations are refused, as in Azure. */
  sealed: boolean;
  log: HostLog;
}

let current: Registrations | undefined;
let model: ProgrammingModel | undefined;
let installed = false;

/** From now on registrations go to `registrations`; one app at a time, as a worker process has only one. */
export function openCore(registrations: Registrations): void {
  if (current)
    throw new Error('An app is already loaded in this process; stop it first, or use a child process');
  if (!installed) installCore();
  current = registrations;
}

/** Ends what openCore began; another app may then be loaded. */
export function closeCore(): void {
  current = undefined;
}

/** The library's side of the seam; undefined until an app registered something. */
export function programmingModel(): ProgrammingModel | undefined {
  return model;
}

function app(): Registrations {
  if (!current) throw new Error('No function app is being loaded');
  return current;
}

const core = {
  version: '3.12.0',
  hostVersion: '4.1040.0',
  setProgrammingModel(given: ProgrammingModel) {
    model = given;
  },
  getProgrammingModel: () => model,
  log(level: LogLevel, category: string, message: string) {
    app().log(level, `Worker.${category}`, message);
  },
  registerHook(name: string, hook: (context: object) => unknown) {
    if (name !== 'appTerminate') throw new Error(`The local host runs no hook ${name}, only appTerminate`);
    app().atEnd.push(hook);
    return { dispose: () => void app().atEnd.splice(app().atEnd.indexOf(hook), 1) };
  },
  registerFunction(
    metadata: { name: string; bindings: Record<string, Binding> },
    callback: FunctionDefinition['callback'],
  ) {
    const { functions, sealed } = app();
    const { name, bindings } = metadata;
    if (sealed) throw new Error(`The function ${name} came too late: register functions while the app loads`);
    if (functions.some((other) => other.name === name))
      throw new Error(`A function with id "${name}" has already been registered.`);
    const trigger = Object.entries(bindings).find(([, binding]) => /trigger$/i.test(binding.type));
    if (!trigger) throw new Error(`The function ${name} has no trigger`);
    functions.push({ name, bindings, triggerName: trigger[0], trigger: trigger[1], callback });
    return {
      dispose: () =>
        functions.splice(
          functions.findIndex((other) => other.name === name),
          1,
        ),
    };
  },
};

function installCore(): void {
  type Require = (this: unknown, id: string) => unknown;
  const prototype = Module.prototype as unknown as { require: Require };
  const original = prototype.require;
  prototype.require = function (id) {
    return id === '@azure/functions-core' ? core : original.call(this, id);
  };
  installed = true;
}
