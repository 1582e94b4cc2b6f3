import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { suite } from 'uvu';
import { untar } from '../../../local/runEngine/source/untar.ts';
import { RunFailure } from '../../../local/runEngine/types.ts';
import { tarOf } from '../../doubles/tarOf.ts';

const test = suite('contexts that the run engine cannot unpack');

const tar = tarOf([['a', 'x'.repeat(5000)]]);
const zipped = gzipSync(Buffer.alloc(100_000, 'abcd'));
const rows: [title: string, bytes: Buffer][] = [
  ['nothing', Buffer.alloc(0)],
  ['no tar.gz', Buffer.from('no archive')],
  ['a tar that is not compressed', tar],
  ['a tar.gz of zeros', gzipSync(Buffer.alloc(10_240))],
  ['a tar.gz that is cut', gzipSync(tar).subarray(0, -20)],
  ['a damaged tar.gz in a tar.gz', gzipSync(Buffer.from(zipped).fill(7, 20))],
  ['a cut tar.gz in a tar.gz', gzipSync(gzipSync(tar).subarray(0, 40))],
  ['an archive of another compression in a tar.gz', gzipSync(Buffer.from('28b52ffd07070707070707', 'hex'))],
];
for (const [title, bytes] of rows)
  test(`a context of ${title} fails its run, and nothing else`, async () => {
    const dir = await mkdtemp(join(tmpdir(), 'untar-'));
    const uncaught: unknown[] = [];
    const hear = (cause: unknown) => void uncaught.push(cause);
    process.on('uncaughtException', hear);
    const limits = { bytes: 1e6, entries: 100 };
    const failed = untar(Readable.from([bytes]), dir, dir, limits, AbortSignal.timeout(5000));
    await assert.rejects(failed, (error) => {
      assert.ok(error instanceof RunFailure, String(error));
      return true;
    });
    await setTimeout(50);
    process.off('uncaughtException', hear);
    assert.deepEqual(uncaught, []);
    assert.deepEqual(await readdir(dir), []);
    await rm(dir, { recursive: true });
  });

test.run();
