import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { issuer } from './tokens.ts';

interface DockerRegistryOptions {
  /** Holds `storage/` and, while it runs, the configuration. */
  dir: string;
  realm: string;
  service: string;
  /** Certificate of the authority whose tokens are good. */
  caFile: string;
  /** Where pushes and deletes of manifests are announced, with `Authorization: Bearer <secret>`. */
  notifications?: { url: string; secret: string };
}

const startLimit = 20_000;

/**
 * Debian's docker-registry as a child on a free loopback port. It ends with this process, however that ends (`setpriv
 * --pdeathsig`).
 * @throws when it does not listen within 20 s, with the end of what it wrote
 */
export async function startDockerRegistry(
  options: DockerRegistryOptions,
): Promise<{ port: number; stop(): Promise<void> }> {
  const { dir } = options;
  await mkdir(dir, { recursive: true });
  const configFile = join(dir, 'config.json');
  // it holds secrets, and YAML, which docker-registry reads, takes JSON in
  await writeFile(configFile, JSON.stringify(configuration(options)), { mode: 0o600 });
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'docker-registry', 'serve', configFile], {
    stdio: ['ignore', 'ignore', 'pipe'],
    // its own environment: any REGISTRY_* variable would override the file
    env: { PATH: process.env.PATH, HOME: dir, OTEL_TRACES_EXPORTER: 'none' },
    // a group of its own: Ctrl-C is its owner's to answer
    detached: true,
  });
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null && child.pid) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGKILL');
      await ended;
    }
    await rm(configFile, { force: true });
  };
  try {
    return { port: await portOf(child), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function configuration({ dir, realm, service, caFile, notifications }: DockerRegistryOptions) {
  const endpoint = notifications && {
    name: 'events',
    url: notifications.url,
    headers: { Authorization: [`Bearer ${notifications.secret}`] },
    timeout: '10s',
    threshold: 3,
    backoff: '1s',
    ignore: { mediatypes: ['application/octet-stream'], actions: ['pull'] },
  };
  return {
    version: '0.1',
    log: { level: 'info', formatter: 'json', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: join(dir, 'storage') }, delete: { enabled: true } },
    // relative, as ACR's are: @azure/container-registry cuts the first character off a Location
    http: { addr: '127.0.0.1:0', secret: randomUUID(), relativeurls: true },
    auth: { token: { realm, service, issuer, rootcertbundle: caFile } },
    ...(endpoint ? { notifications: { endpoints: [endpoint] } } : {}),
  };
}

async function portOf(child: ChildProcess): Promise<number> {
  const written: string[] = [];
  return new Promise((resolve, reject) => {
    const fail = (what: string) =>
      reject(new Error(`docker-registry ${what}. It wrote: ${written.join('\n') || 'nothing'}`));
    const timer = setTimeout(() => fail(`does not listen after ${startLimit / 1000} s`), startLimit);
    child.once('error', (error) => fail(`cannot be started (${error.message})`));
    child.once('exit', (code, signal) => {
      clearTimeout(timer);
      fail(`ended with ${signal ?? code}`);
    });
    // read on for as long as it runs, or it would block on a full pipe
    createInterface({ input: child.stderr! }).on('line', (line) => {
      if (written.push(line) > 20) written.shift();
      const port = /listening on 127\.0\.0\.1:(\d+)/.exec(line)?.[1];
      if (!port) return;
      clearTimeout(timer);
      resolve(Number(port));
    });
  });
}
