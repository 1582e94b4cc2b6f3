import { readlink } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';

export const slash = Buffer.from('/');

/** The place of a context's path, by its bytes. */
export const within = (dir: string, path: Buffer): Buffer => Buffer.concat([Buffer.from(dir), slash, path]);

/** As many links as Linux follows for one path; a circle leads nowhere. */
const maxHops = 40;
/** So many parts of targets are read without a look at the clock. */
export const partsAtOnce = 10_000;

/**
 * Whether a symbolic link, followed over all the others, ever leaves the directory. Only links are followed, so it may
 * be used on an unchecked directory; a path that does not exist is resolved as text. Each path is looked up on the
 * disk once, whatever the number and length of the targets.
 *
 * @param signal ends it between two parts of a target
 * @returns takes a link's path below `root`
 */
export function followLinks(root: string, signal: AbortSignal): (link: Buffer) => Promise<boolean> {
  /** By path, one character a byte: a link's target; `false` where there is no link; undefined where nothing is. */
  const known = new Map<string, string | false | undefined>();
  let parts = 0;

  async function targetOf(path: string): Promise<string | false | undefined> {
    if (!known.has(path))
      known.set(
        path,
        await readlink(within(root, Buffer.from(path, 'latin1')), 'buffer').then(
          (target) => target.toString('latin1'),
          (cause) => (cause.code === 'ENOENT' ? undefined : false),
        ),
      );
    return known.get(path);
  }

  return async (link) => {
    let rest = link.toString('latin1').split('/').reverse();
    const real: string[] = [];
    /** Nothing is there from this depth on, so nothing needs to be looked up. */
    let missing = Number.POSITIVE_INFINITY;
    for (let hops = 0; rest.length > 0 && hops <= maxHops; ) {
      if (++parts % partsAtOnce === 0) await setImmediate();
      signal.throwIfAborted();
      const name = rest.pop()!;
      if (name === '' || name === '.') continue;
      if (name === '..') {
        if (real.pop() === undefined) return true;
        if (real.length < missing) missing = Number.POSITIVE_INFINITY;
        continue;
      }
      real.push(name);
      if (real.length > missing) continue;
      const target = await targetOf(real.join('/'));
      if (target === undefined) missing = real.length;
      if (!target) continue;
      if (target.startsWith('/')) return true;
      real.pop();
      hops += 1;
      rest = rest.concat(target.split('/').reverse());
    }
    return false;
  };
}

/**
 * What is wrong with a name that the file system refused, so that it is not tried again; undefined for another fault.
 */
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
