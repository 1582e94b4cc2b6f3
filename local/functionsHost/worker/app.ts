import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { readAppJson } from '../settings.ts';
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

export interface LoadedApp {
  /** Sorted by name without regard to case: the order in which the host tries their routes. */
  functions: FunctionDefinition[];
  model: ProgrammingModel;
  /** Runs the app's appTerminate hooks; another app may then be loaded. */
  unload(): Promise<void>;
}

let loads = 0;

/**
 * Loads a built app the way the Node worker does: every file that package.json's `main` matches,
 * import()ed; then no more registrations.
 * @throws when the package is not of ES modules, nothing matches `main`, a file fails to load, or nothing was
 * registered
 */
export async function loadApp(appDir: string, log: HostLog): Promise<LoadedApp> {
  const { main, type } = readAppJson(appDir, 'package.json') as { main?: string; type?: string };
  if (!main)
    throw new Error(`${join(appDir, 'package.json')} has no "main": name the files that hold functions`);
  if (type !== 'module')
    throw new Error(
      `${join(appDir, 'package.json')} has no "type": "module": the local host loads ES modules only`,
    );
  const files = findEntryPoints(appDir, main);
  if (files.length === 0) throw new Error(`No file in ${appDir} matches its package.json's "main": ${main}`);
  const registrations: Registrations = { functions: [], atEnd: [], sealed: false, log };
  openCore(registrations);
  try {
    loads += 1;
    for (const file of files) await loadFile(file);
    const model = programmingModel();
    if (!model || registrations.functions.length === 0)
      throw new Error(`${files.length} files of ${appDir} were loaded, and none registered a function`);
    const capabilities = await model.getCapabilities(hostCapabilities);
    if (capabilities.HttpUri)
      throw new Error('enableHttpStream is not served here: its proxy listens on every network interface');
    registrations.sealed = true;
    const functions = registrations.functions.sort((a, b) =>
      a.name.toLowerCase() < b.name.toLowerCase() ? -1 : 1,
    );
    const unload = async () => {
      for (const hook of registrations.atEnd) await hook({ hookData: {}, appHookData: {} });
      closeCore();
    };
    return { functions, model, unload };
  } catch (error) {
    closeCore();
    throw error;
  }
}

/** Loaded afresh each time, so that an app can be started again in the same process. */
async function loadFile(file: string): Promise<void> {
  try {
    await import(`${pathToFileURL(file).href}${loads > 1 ? `?load=${loads}` : ''}`);
  } catch (cause) {
    throw new Error(`The app's file ${file} failed to load: ${(cause as Error)?.message ?? cause}`, {
      cause,
    });
  }
}

/** The capabilities that the .NET host sends a worker; the library reads the Nullable one. */
const hostCapabilities = {
  RawHttpBodyBytes: 'true',
  RpcHttpBodyOnly: 'true',
  RpcHttpTriggerMetadataRemoved: 'true',
  TypedDataCollection: 'true',
  UseNullableValueDictionaryForHttp: 'true',
  WorkerStatus: 'true',
};
