import { existsSync } from 'node:fs';
import { join, relative } from 'node:path';

const root = join(import.meta.dirname, '../..');

/**
 * What Node is given to run one of the project's TypeScript programs: the program's compiled form where the folder that
 * the variable PLINTH_COMPILED names holds one, which starts in a third of the time, else its source by tsx.
 * @param file absolute
 */
export function programArguments(file: string): string[] {
  const folder = process.env.PLINTH_COMPILED;
  const compiled = folder ? join(folder, relative(root, file).replace(/\.ts$/, '.js')) : '';
  return existsSync(compiled)
    ? ['--enable-source-maps', compiled]
    : ['--enable-source-maps', '--import', import.meta.resolve('tsx'), file];
}
