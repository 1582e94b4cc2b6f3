import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';

/** An object of git: its id, its type and what is in it. */
export interface Made {
  oid: string;
  type: keyof typeof types;
  body: Buffer;
}
const types = { commit: 1, tree: 2, blob: 3, tag: 4 } as const;

const made = (type: Made['type'], body: Buffer): Made => ({
  oid: createHash('sha1').update(`${type} ${body.length}\0`).update(body).digest('hex'),
  ...{ type, body },
});

export const blob = (text: string | Buffer) => made('blob', Buffer.from(text));

/** Entries as `mode name` with what they lead to, in their order. */
export const tree = (entries: [entry: string, to: { oid: string }][]) =>
  made(
    'tree',
    Buffer.concat(
      entries.flatMap(([entry, { oid }]) => [Buffer.from(`${entry}\0`), Buffer.from(oid, 'hex')]),
    ),
  );

const by = 'n <n@example.com> 1767225600 +0000';
export const commit = (of: Made, message = 'one') =>
  made('commit', Buffer.from(`tree ${of.oid}\nauthor ${by}\ncommitter ${by}\n\n${message}\n`));
export const tag = (of: Made, name: string) =>
  made('tag', Buffer.from(`object ${of.oid}\ntype ${of.type}\ntag ${name}\ntagger ${by}\n\nx\n`));

/** gitformat-pack(5): the type and the size of an entry. */
export function header(type: number, size: number): Buffer {
  const bytes = [(type << 4) | (size & 15)];
  for (let left = Math.floor(size / 16); left > 0; left = Math.floor(left / 128)) {
    bytes[bytes.length - 1]! |= 128;
    bytes.push(left & 127);
  }
  return Buffer.from(bytes);
}

/** The entry of an object. */
export const entry = ({ type, body }: Made) =>
  Buffer.concat([header(types[type], body.length), deflateSync(body)]);

const varint = (value: number): number[] =>
  value < 128 ? [value] : [(value & 127) | 128, ...varint(Math.floor(value / 128))];

/** A delta, by its id, of what it starts from: all of that, and a text behind it. */
export function delta(from: Made, text: string, said = from.body.length + text.length): Buffer {
  const size = from.body.length;
  const body = Buffer.concat([
    Buffer.from([...varint(size), ...varint(said), 0b10110000, size & 255, size >> 8]),
    Buffer.from([text.length]),
    Buffer.from(text),
  ]);
  return Buffer.concat([header(7, body.length), Buffer.from(from.oid, 'hex'), deflateSync(body)]);
}

export function pack(entries: Buffer[]): Buffer {
  const head = Buffer.alloc(12);
  head.write('PACK');
  head.writeUInt32BE(2, 4);
  head.writeUInt32BE(entries.length, 8);
  const bytes = Buffer.concat([head, ...entries]);
  return Buffer.concat([bytes, createHash('sha1').update(bytes).digest()]);
}

/** gitprotocol-common(5): a line with its length. */
export const line = (payload: string | Buffer) => {
  const bytes = Buffer.from(payload);
  return Buffer.concat([Buffer.from((bytes.length + 4).toString(16).padStart(4, '0')), bytes]);
};

/** The answer to `info/refs`. A ref whose name ends in `^{}` is what a tag leads to. */
export const advertised = (refs: [name: string, { oid: string }][], head = 'refs/heads/main') =>
  Buffer.concat([
    line('# service=git-upload-pack\n'),
    Buffer.from('0000'),
    ...(refs.length === 0 ? [line(`${'0'.repeat(40)} capabilities^{}\0agent=git/x\n`)] : []),
    ...refs.map(([name, { oid }], at) =>
      line(`${oid} ${name}${at === 0 ? `\0side-band-64k symref=HEAD:${head}` : ''}\n`),
    ),
    Buffer.from('0000'),
  ]);

/** The answer to `git-upload-pack`: a pack in the side-band, with words of progress between. */
export const sent = (bytes: Buffer, before = ['NAK\n']) =>
  Buffer.concat([
    ...before.map(line),
    line('\x02Counting objects\n'),
    ...Array.from({ length: Math.ceil(bytes.length / 1000) }, (_, at) =>
      line(Buffer.concat([Buffer.from([1]), bytes.subarray(at * 1000, (at + 1) * 1000)])),
    ),
    Buffer.from('0000'),
  ]);
