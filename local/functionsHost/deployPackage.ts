import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { buildPackage } from '../../infra/package.ts';
import { runCommand } from '../machine/command.ts';

/**
 * The package of this source. Where the variable PLINTH_COMPILED names a folder, it is built there once, for every process
 * that asks; nobody writes in it.
 * @param aside folder in which it is built without the variable
 * @returns its folder
 */
export async function packageOfSource(aside: string): Promise<string> {
  const compiled = process.env.PLINTH_COMPILED;
  const folder = compiled ? join(compiled, 'package') : aside;
  if (compiled && existsSync(folder)) return folder;
  const made = `${folder}-${randomUUID()}`;
  await buildPackage(made);
  await rename(made, folder).catch(async (error) => {
    // Another process was first.
    await rm(made, { recursive: true });
    if (!existsSync(folder)) throw error;
  });
  return folder;
}

/**
 * Puts the app where the host looks for it, by the way that a deployment takes: zipped, and unzipped elsewhere.
 * @param dir is made, and is the app's directory then
 * @param from folder of a built package
 */
export async function deployPackage(dir: string, from: string): Promise<void> {
  const zip = `${dir}.zip`;
  await runCommand('zip', ['--quiet', '--recurse-paths', zip, '.'], { cwd: from });
  await runCommand('unzip', ['-q', zip, '-d', join(dir)]);
  await rm(zip);
}
