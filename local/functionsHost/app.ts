import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  closeCore,
  type FunctionDefinition,
  openCore,
  type ProgrammingModel,
  programmingModel,
  type Registrations,
} from './core.ts';
import { findEntryPoints } from './entryPoints.ts';
import type { HostLog } from './logging.ts';
import { type Environment, isDisabled, readAppJson } from './settings.ts';

export interface LoadedApp {
  /** Sorted by name without regard to case: the order in which the host tries their routes. */
  functions: FunctionDefinition[];
  model: ProgrammingModel;
  /** Runs the app's hooks of that name, in the order they were registered. */
  runHooks(name: string, context: object): Promise<void>;
  /** Shared by all hooks of the app, as the worker shares it. */
  appHookData: object;
  unload(): Promise<void>;
}

let loads = 0;

/**
 * Loads a built app the way the Node worker does: every file that package.json's `main` matches, require()d, or
 * import()ed when it is an ES module; then appStart hooks; then no more registrations.
 * @throws when nothing matches `main`, a file fails to load, or nothing was registered
 */
export async function loadApp(appDir: string, env: Environment, log: HostLog): Promise<LoadedApp> {
  const { main, type } = readAppJson(appDir, 'package.json') as { main?: string; type?: string };
  if (!main)
    throw new Error(`${join(appDir, 'package.json')} has no "main": name the files that hold functions`);
  const files = findEntryPoints(appDir, main);
  if (files.length === 0) throw new Error(`No file in ${appDir} matches its package.json's "main": ${main}`);
  const registrations: Registrations = { functions: [], hooks: new Map(), sealed: false, log };
  const appHookData = {};
  const runHooks = async (name: string, context: object) => {
    for (const hook of registrations.hooks.get(name) ?? []) await hook(context);
  };
  openCore(registrations);
  try {
    loads += 1;
    for (const file of files) await loadFile(file, type === 'module');
    await runHooks('appStart', { hookData: {}, appHookData, functionAppDirectory: appDir });
    const model = programmingModel();
    if (!model || registrations.functions.length === 0)
      throw new Error(`${files.length} files of ${appDir} were loaded, and none registered a function`);
    const capabilities = await model.getCapabilities(hostCapabilities);
    if (capabilities.HttpUri)
      throw new Error('enableHttpStream is not served here: its proxy listens on every network interface');
    registrations.sealed = true;
    const functions = registrations.functions
      .filter(({ name }) => !isDisabled(name, env))
      .sort((a, b) => (a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1));
    const unload = async () => {
      await runHooks('appTerminate', { hookData: {}, appHookData });
      closeCore();
    };
    return { functions, model, runHooks, appHookData, unload };
  } catch (error) {
    closeCore();
    throw error;
  }
}

/** Loaded afresh each time, so that an app can be started again in the same process. */
async function loadFile(file: string, isModulePackage: boolean): Promise<void> {
  try {
    if (file.endsWith('.mjs') || (isModulePackage && !file.endsWith('.cjs'))) {
      await import(`${pathToFileURL(file).href}${loads > 1 ? `?load=${loads}` : ''}`);
      return;
    }
    const require = createRequire(file);
    delete require.cache[file];
    require(file);
  } catch (cause) {
    throw new Error(`The app's file ${file} failed to load: ${(cause as Error)?.message ?? cause}`, {
      cause,
    });
  }
}

/** What the .NET host tells a worker it can do; the library reads the Nullable one. */
const hostCapabilities = {
  RawHttpBodyBytes: 'true',
  RpcHttpBodyOnly: 'true',
  RpcHttpTriggerMetadataRemoved: 'true',
  TypedDataCollection: 'true',
  UseNullableValueDictionaryForHttp: 'true',
  WorkerStatus: 'true',
};
