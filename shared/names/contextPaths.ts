/**
 * What is wrong with an entry's path inside a context, or undefined. Paths are relative, with `/`; such a path cannot
 * name anything outside the context as long as none of its folders is a symbolic link.
 */
export function pathProblem(path: string): string | undefined {
  const parts = path.replace(/\/$/, '').split('/');
  if (path.startsWith('/')) return 'is absolute';
  if (parts.includes('..')) return 'climbs out of the context';
  if (path.includes('\0') || parts.some((part) => part === '')) return 'is not a path';
  return undefined;
}

/**
 * What is wrong with a symbolic link's target by its text alone, or undefined. Where a link leads over other links is
 * known only when all of them are there (`contextLinks.ts`).
 */
export function linkProblem(path: string, target: string): string | undefined {
  if (target === '' || target.includes('\0')) return 'has no target';
  if (target.startsWith('/')) return 'is absolute';
  const parts = target.split('/').filter((part) => part !== '' && part !== '.');
  const up = parts.findIndex((part) => part !== '..');
  const climbs = up < 0 ? parts.length : up;
  return climbs > path.split('/').length - 1 ? 'climbs out of the context' : undefined;
}
