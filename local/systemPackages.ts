import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Debian's package, and the program by which it is known to be there. */
const programs = {
  buildah: 'buildah',
  'docker-registry': 'docker-registry',
  git: 'git',
  'azure-cli': 'az',
  'busybox-static': 'busybox',
  binutils: 'strip',
  openssl: 'openssl',
} as const;

export type SystemPackage = keyof typeof programs;

/** What the local stack is made of, beside npm packages. */
export const stackPackages: SystemPackage[] = [
  'buildah',
  'docker-registry',
  'git',
  'busybox-static',
  'binutils',
  'openssl',
];

const installed = (name: SystemPackage) =>
  [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/sbin', '/bin'].some((dir) => {
    try {
      accessSync(join(dir, programs[name]), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });

/** Installs what is missing with apt-get where that can be done; else throws with the command to run by hand. */
export async function ensureSystemPackages(names: SystemPackage[]): Promise<void> {
  const missing = names.filter((name) => !installed(name));
  if (missing.length === 0) return;
  const byHand = `apt-get install -y --no-install-recommends ${missing.join(' ')}`;
  if (process.getuid?.() !== 0)
    throw new Error(`Missing on this machine: ${missing.join(', ')}. Install with: sudo ${byHand}`);
  console.log(`Installing Debian packages: ${missing.join(' ')} …`);
  try {
    await run('apt-get', ['update', '-qq']);
    await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing]);
  } catch (cause) {
    throw new Error(
      `Missing on this machine: ${missing.join(', ')}. Installing them failed; by hand: ${byHand}`,
      { cause },
    );
  }
}

function run(command: string, args: string[]): Promise<void> {
  const child = spawn(command, args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`${command} ended with ${code}`))));
  });
}
