/** An entry's header in a tar. Names are bytes: in a context they need not be UTF-8, as libraries assume. */
export interface TarEntry {
  path: Buffer;
  type: 'File' | 'Directory' | 'SymbolicLink';
  mode: number;
  size: number;
  /** In seconds. */
  mtime: number;
  target?: Buffer;
}

const flags = { File: '0', Directory: '5', SymbolicLink: '2' } as const;
const blockSize = 512;
const nameSize = 100;

/**
 * The header of an entry, names of any length in GNU's way
 * (https://www.gnu.org/software/tar/manual/html_node/Standard.html).
 */
export function tarHeader(entry: TarEntry): Buffer {
  const path = entry.type === 'Directory' ? Buffer.concat([entry.path, Buffer.from('/')]) : entry.path;
  const target = entry.target ?? Buffer.alloc(0);
  return Buffer.concat([
    ...(target.length > nameSize ? longName('K', target) : []),
    ...(path.length > nameSize ? longName('L', path) : []),
    block({ ...entry, path, target, flag: flags[entry.type] }),
  ]);
}

/** The zeros between a content and the next header. */
export const tarPadding = (size: number): Buffer =>
  Buffer.alloc((blockSize - (size % blockSize)) % blockSize);

/** What a tar ends with. */
export const tarEnd = Buffer.alloc(2 * blockSize);

function longName(flag: 'K' | 'L', name: Buffer): Buffer[] {
  const size = name.length + 1;
  const path = Buffer.from('././@LongLink');
  const head = block({ path, target: Buffer.alloc(0), flag, mode: 0o644, size, mtime: 0 });
  return [head, name, Buffer.alloc(1), tarPadding(size)];
}

interface Block extends Pick<TarEntry, 'path' | 'mode' | 'size' | 'mtime'> {
  target: Buffer;
  flag: string;
}

function block({ path, target, flag, mode, size, mtime }: Block): Buffer {
  const head = Buffer.alloc(blockSize);
  const octal = (value: number, at: number, length: number) =>
    head.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1');
  path.copy(head, 0, 0, nameSize);
  octal(mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(mtime, 136, 12);
  head.write('        ', 148, 'latin1');
  head.write(flag, 156, 'latin1');
  target.copy(head, 157, 0, nameSize);
  head.write('ustar  \0', 257, 'latin1');
  const sum = head.reduce((total, byte) => total + byte, 0);
  head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return head;
}
