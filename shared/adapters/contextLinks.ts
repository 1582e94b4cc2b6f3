import { readlink } from 'node:fs/promises';

export const slash = Buffer.from('/');

/** The place of a context's path, by its bytes. */
export const within = (dir: string, path: Buffer): Buffer => Buffer.concat([Buffer.from(dir), slash, path]);

/**
 * Whether a symbolic link, followed over all the others, ever leaves the directory. Only links are followed, so it may
 * be asked of what nobody vouches for; what is not there is taken as it reads.
 */
export async function leavesContext(root: string, link: Buffer): Promise<boolean> {
  // One character a byte, whatever the names are encoded in.
  let rest = link.toString('latin1').split('/');
  const real: string[] = [];
  // As many as Linux follows; a circle leads nowhere.
  for (let hops = 0; rest.length > 0 && hops <= 40; ) {
    const [name, ...later] = rest as [string, ...string[]];
    rest = later;
    if (name === '' || name === '.') continue;
    if (name === '..') {
      if (real.pop() === undefined) return true;
      continue;
    }
    const path = Buffer.from([...real, name].join('/'), 'latin1');
    const target = await readlink(within(root, path), 'buffer').catch(() => undefined);
    if (target === undefined) {
      real.push(name);
      continue;
    }
    hops += 1;
    if (target[0] === slash[0]) return true;
    rest = [...target.toString('latin1').split('/'), ...later];
  }
  return false;
}

/** What is wrong with a name that the file system refused, so that nobody tries again; undefined for another fault. */
export function writeFault(cause: unknown): string | undefined {
  switch ((cause as NodeJS.ErrnoException | undefined)?.code) {
    case 'ENAMETOOLONG':
      return 'is too long a name for a file.';
    case 'EEXIST':
    case 'ENOTDIR':
    case 'EISDIR':
    case 'ELOOP':
      return 'is there twice, or lies below what is no folder.';
    case 'EINVAL':
    case 'EILSEQ':
      return 'is no name that a file can have here.';
    default:
      return undefined;
  }
}
