import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathProblem } from '../../names/contextPaths.ts';
import type { SourceFiles } from '../../ports/sourceFiles.ts';
import { packContext } from './packContext.ts';

/** The files of fetched sources, on this machine's disk. */
export const sourceFiles: SourceFiles = {
  async read(dir, path) {
    // Nothing in a fetched source leads out of it, so only the path itself could.
    if (pathProblem(path)) return undefined;
    try {
      return await readFile(join(dir, path), 'utf8');
    } catch (error) {
      if (['ENOENT', 'ENOTDIR', 'EISDIR'].includes((error as NodeJS.ErrnoException).code ?? ''))
        return undefined;
      throw error;
    }
  },
  pack: packContext,
};
