import assert from 'node:assert/strict';
import { gzipSync } from 'node:zlib';
import { suite } from 'uvu';
import { startWorld, type World } from './runEngineWorld.ts';

let world: World;
const test = suite('sources of the run engine');
test.before(async () => {
  world = await startWorld({
    sourceLimits: { bytes: 1_000_000, entries: 50 },
    executor: async ({ source }) => {
      await source();
      return [];
    },
  });
});
test.after(() => world.stop());

/** A tar of one entry, as no well-meaning program writes it. */
function entry(name: string, type: string, link = '', size = 0): Buffer {
  const head = Buffer.alloc(512);
  head.write(name, 0);
  head.write('0000644\0', 100);
  head.write('0000000\0'.repeat(2), 108);
  head.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  head.write('00000000000\0', 136);
  head.write('        ', 148);
  head.write(type, 156);
  head.write(link, 157);
  head.write('ustar\x0000', 257);
  const sum = head.reduce((total, byte) => total + byte, 0);
  head.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([head, Buffer.alloc(Math.ceil(size / 512) * 512)]);
}
const end = Buffer.alloc(1024);

const archives: [title: string, archive: Buffer, message: RegExp][] = [
  [
    'a path that leads out',
    gzipSync(Buffer.concat([entry('../evil', '0'), end])),
    /"\.\.\/evil" lies outside/,
  ],
  ['an absolute path', gzipSync(Buffer.concat([entry('/tmp/evil', '0'), end])), /lies outside/],
  [
    'a file below an absolute link',
    gzipSync(Buffer.concat([entry('l', '2', '/etc'), entry('l/x', '0'), end])),
    /below the symbolic link/,
  ],
  [
    'a hard link that leads out',
    gzipSync(Buffer.concat([entry('h', '1', '../../etc/passwd'), end])),
    /links outside/,
  ],
  [
    'a file through a link',
    gzipSync(Buffer.concat([entry('d', '5'), entry('l', '2', 'd'), entry('l/x', '0', '', 1), end])),
    /symbolic link/,
  ],
  ['a device', gzipSync(Buffer.concat([entry('null', '3'), end])), /is a CharacterDevice/],
  ['a pipe', gzipSync(Buffer.concat([entry('pipe', '6'), end])), /is a FIFO/],
  [
    'a file larger than the limit',
    gzipSync(Buffer.concat([entry('big', '0', '', 2_000_000), end])),
    /larger than 1000000 bytes/,
  ],
  [
    'endless zeros behind the end',
    gzipSync(Buffer.concat([entry('x', '0'), Buffer.alloc(3_000_000)])),
    /larger than 1000000 bytes/,
  ],
  [
    'too many entries',
    gzipSync(Buffer.concat([...Array.from({ length: 51 }, (_, n) => entry(`f${n}`, '0')), end])),
    /more than 50 entries/,
  ],
  ['no tar.gz', Buffer.from('PK zip'), /not a whole tar\.gz/],
  [
    'half a tar.gz',
    gzipSync(Buffer.concat([entry('x', '0', '', 9000), end])).subarray(0, 60),
    /not a whole tar\.gz/,
  ],
  ['nothing', gzipSync(end), /holds nothing|not a whole/],
];
for (const [title, archive, message] of archives)
  test(`a source is refused for ${title}`, async () => {
    const { run } = await world.build(await world.upload(archive));
    assert.equal(run.status, 'Failed');
    assert.match(run.runErrorMessage!, message);
  });

const links: [title: string, entries: Buffer[], dockerFilePath?: string][] = [
  ['absolute', [entry('Dockerfile', '2', '/etc/hostname')]],
  ['up and out', [entry('Dockerfile', '2', '../../../../../../etc/hostname')]],
  ['to the folder above', [entry('Dockerfile', '2', '..')]],
  ['over another link', [entry('etc', '2', '/etc'), entry('Dockerfile', '2', 'etc/hostname')]],
  ['of a folder', [entry('app', '2', '/etc')], 'app/hostname'],
  ['out and in again', [entry('Dockerfile', '2', '../nowhere/source/x'), entry('x', '0')]],
];
for (const [title, entries, dockerFilePath = 'Dockerfile'] of links)
  test(`a Dockerfile that is a link out of the context is not there, and the run says so: ${title}`, async () => {
    const archive = gzipSync(Buffer.concat([...entries, end]));
    const { run } = await world.build(await world.upload(archive), { dockerFilePath });
    assert.equal(run.status, 'Failed');
    assert.match(run.runErrorMessage!, /There is no Dockerfile .*a link to outside of it is not followed/);
  });

test('an upload that never came fails the run with what to do', async () => {
  const { relativePath } = (await world.arm('POST', 'listBuildSourceUploadUrl')).body;
  const { run } = await world.build(relativePath);
  assert.match(run.runErrorMessage!, /Nothing was uploaded .*PUT the tar\.gz/);
});

test.run();
