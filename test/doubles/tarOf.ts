import { Header } from 'tar';

export type Entry = [path: string, content: string | { link: string } | { hard: string } | 'folder'];

const filled = (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);

/** The entries' blocks, without the end of an archive. */
export function blocksOf(entries: Entry[]): Buffer {
  const blocks = entries.flatMap(([path, content]) => {
    const isFile = typeof content === 'string' && content !== 'folder';
    const bytes = Buffer.from(isFile ? content : '');
    const header = new Header({
      path,
      mode: 0o644,
      size: bytes.length,
      mtime: new Date(0),
      type: isFile
        ? 'File'
        : content === 'folder'
          ? 'Directory'
          : 'link' in Object(content)
            ? 'SymbolicLink'
            : 'Link',
      ...(typeof content === 'object' && { linkpath: Object.values(content)[0]! }),
    });
    header.encode();
    return [header.block!, filled(bytes)];
  });
  return Buffer.concat(blocks);
}

export const ends = (...blocks: Buffer[]) => Buffer.concat([...blocks, Buffer.alloc(1024)]);

export const tarOf = (entries: Entry[]): Buffer => ends(blocksOf(entries));

/** A header with a type byte that no writer of ours makes. */
export function typed(path: string, type: string, more: Buffer = Buffer.alloc(0)): Buffer {
  const header = new Header({ path, mode: 0o644, size: more.length, mtime: new Date(0), type: 'File' });
  header.encode();
  const block = header.block!;
  block.write(type, 156, 'latin1');
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return Buffer.concat([block, filled(more)]);
}

/** A pax header for the entry after it. */
export function pax(records: [key: string, value: string][]): Buffer {
  const lines = records.map(([key, value]) => {
    const rest = Buffer.byteLength(` ${key}=${value}\n`);
    const length = rest + String(rest + String(rest).length).length;
    return `${length} ${key}=${value}\n`;
  });
  return typed('PaxHeader', 'x', Buffer.from(lines.join('')));
}
