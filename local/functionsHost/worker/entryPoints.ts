import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The files that package.json's `main` names, in the order of their names.
 * @param main `FOLDER/*.js`, as the app's package has it; Azure takes other globs too
 * @throws when `main` is anything else
 */
export function findEntryPoints(appDir: string, main: string): string[] {
  const folder = /^(?:\.\/)?((?:[\w-][\w.-]*\/)+)\*\.js$/.exec(main)?.[1];
  if (folder === undefined)
    throw new Error(`The "main" of package.json is '${main}'; the local host reads FOLDER/*.js only`);
  try {
    return readdirSync(join(appDir, folder))
      .filter((name) => name.endsWith('.js'))
      .sort()
      .map((name) => join(appDir, folder, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
