import { type Dirent, readdirSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The files that package.json's `main` names: a glob of `*`, `**`, `?` and `{a,b}`, each file once, in the order
 * of their names. node_modules is not looked into.
 */
export function findEntryPoints(appDir: string, pattern: string): string[] {
  const files = expandBraces(pattern.replace(/^\.\//, '')).flatMap((glob) => walk(appDir, glob.split('/')));
  return [...new Set(files)];
}

function expandBraces(text: string): string[] {
  const match = /\{([^{}]*)\}/.exec(text);
  if (!match) return [text];
  const [before, after] = [text.slice(0, match.index), text.slice(match.index + match[0].length)];
  return match[1]!.split(',').flatMap((choice) => expandBraces(before + choice + after));
}

function walk(dir: string, segments: string[]): string[] {
  const [first, ...rest] = segments;
  if (first === undefined) return [];
  if (first === '**')
    return [
      ...walk(dir, rest),
      ...entries(dir).flatMap((entry) => (entry.isDirectory() ? walk(join(dir, entry.name), segments) : [])),
    ];
  const name = new RegExp(
    `^${first
      .replace(/[.+^${}()|[\]\\]/g, '\\$&')
      .replaceAll('*', '.*')
      .replaceAll('?', '.')}$`,
  );
  return entries(dir)
    .filter((entry) => name.test(entry.name))
    .flatMap((entry) => {
      const path = join(dir, entry.name);
      if (rest.length > 0) return entry.isDirectory() ? walk(path, rest) : [];
      return entry.isFile() ? [path] : [];
    });
}

function entries(dir: string): Dirent[] {
  try {
    return readdirSync(dir, { withFileTypes: true })
      .filter((entry) => entry.name !== 'node_modules')
      .sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
