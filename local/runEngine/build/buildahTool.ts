import { join } from 'node:path';
import { lineCutter } from '../run/lines.ts';
import { maskOf } from '../run/mask.ts';
import { locationOf } from './builderFiles.ts';
import { runContained } from './contained.ts';

export interface BuildahOptions {
  storageDriver: 'overlay' | 'vfs';
  /** A directory of `*.crt`, the authorities the registries' certificates come from. */
  certDir: string;
  /** The same authorities, PEM. */
  ca: string;
  /** Shared by all runs: which layer is where, so that a push mounts instead of sending. Holds no secret. */
  cacheDir: string;
}

/**
 * Runs buildah in the run's own store and gives its exit code.
 * @param env beside what every call has; a secret belongs here and not among the arguments
 * @param signal ends this call alone
 */
export type Buildah = (
  args: string[],
  env: Record<string, string>,
  line: (text: string) => Promise<void>,
  signal?: AbortSignal,
) => Promise<number>;

/** Where buildah, as root, keeps its knowledge of layers; it takes no option for it. */
export const buildahCache = '/var/lib/containers';

/** What the builder may see of this process's environment. */
const passed = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'];

/** The place of the run's store. */
export const storeIn = (dir: string) => join(dir, 'root');

/** @param secrets taken out of every line */
export function buildahIn(
  { dir, signal }: { dir: string; signal: AbortSignal },
  options: BuildahOptions,
  registriesConfig: string,
  secrets: string[],
): Buildah {
  const store = ['--root', storeIn(dir), '--runroot', join(dir, 'run')];
  const base: Record<string, string> = {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: dir,
    TMPDIR: join(dir, 'tmp'),
    CONTAINERS_REGISTRIES_CONF: registriesConfig,
    ...Object.fromEntries(passed.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : []))),
  };
  const mask = maskOf(secrets);
  return async (args, env, line, own = signal) => {
    const cutter = lineCutter(mask, line);
    const command = ['buildah', ...store, '--storage-driver', options.storageDriver, ...args];
    const binds = [{ from: options.cacheDir, to: buildahCache }];
    const code = await runContained(command, {
      env: { ...base, ...env },
      cwd: dir,
      signal: own,
      binds,
      output: cutter.add,
    });
    await cutter.end();
    return code;
  };
}

/** Puts the login server's name where a message has the real place. */
export function showing(endpoints: ReadonlyMap<string, string>): (text: string) => string {
  const places = [...endpoints].map(([server, endpoint]) => [locationOf(endpoint), server] as const);
  return (text) => places.reduce((shown, [place, server]) => shown.replaceAll(place, server), text);
}
