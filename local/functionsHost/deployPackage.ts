import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { buildPackage } from '../../infra/package.ts';
import { runCommand } from '../machine/command.ts';

/**
 * Puts the app where the host looks for it, by the way that a deployment takes: built, zipped, and unzipped elsewhere.
 * @param dir is made, and is the app's directory then
 * @param from folder of a package that is built already; this source's by default
 */
export async function deployPackage(dir: string, from?: string): Promise<void> {
  const built = `${dir}-built`;
  const zip = `${dir}.zip`;
  await (from === undefined ? buildPackage(built) : cp(from, built, { recursive: true }));
  await runCommand('zip', ['--quiet', '--recurse-paths', zip, '.'], { cwd: built });
  await runCommand('unzip', ['-q', zip, '-d', join(dir)]);
  await Promise.all([built, zip].map((path) => rm(path, { recursive: true })));
}
