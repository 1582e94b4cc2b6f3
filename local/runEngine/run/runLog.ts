import { setTimeout as after } from 'node:timers/promises';
import type { AppendBlobClient } from '@azure/storage-blob';
import type { EndStatus } from '../types.ts';
import type { Mask } from './mask.ts';

/** An append block is at most 4 MiB in every version of the service. */
const blockBytes = 4 * 1024 * 1024;
/** An append blob holds 50,000 blocks; with these pauses the longest run allowed (8 h) stays below it. */
const pauseAfter = (blocks: number) => (blocks < 1000 ? 25 : 650);

export interface RunLog {
  /** Adds a line; resolves when the writer is ready for more. Secrets are taken out. */
  line(text: string): Promise<void>;
  /** Resolves when all that was written is in the blob. */
  flush(): Promise<void>;
  /** Sets the metadata `Complete`, which marks the end of the log for readers. */
  complete(status: EndStatus): Promise<void>;
}

/** What `az` looks for in `Complete`: it takes any other word for success. */
const completeWord = (status: EndStatus) =>
  ({ Timeout: 'timedout', Error: 'internalerror' })[status as string] ?? status.toLowerCase();

/** A run's log as an append blob, written as lines come in, many to a block when they come fast. */
export function openRunLog(blob: AppendBlobClient, mask: Mask): RunLog {
  let pending: string[] = [];
  let pendingLength = 0;
  let blocks = 0;
  let flushing = false;
  let lost: unknown;
  let writing: Promise<void> | undefined;
  let wake = new AbortController();
  const created = blob.create({ blobHTTPHeaders: { blobContentType: 'text/plain; charset=utf-8' } });
  created.catch(() => {});

  async function writeOut() {
    await created;
    while (pending.length > 0) {
      let bytes = Buffer.from(pending.join(''));
      pending = [];
      pendingLength = 0;
      for (; bytes.length > 0; bytes = bytes.subarray(blockBytes)) {
        const block = bytes.subarray(0, blockBytes);
        await blob.appendBlock(block, block.length);
        blocks++;
      }
      if (!flushing) await after(pauseAfter(blocks), undefined, { signal: wake.signal }).catch(() => {});
    }
  }

  function write(): Promise<void> {
    writing ??= writeOut()
      .catch((error) => {
        // A log that cannot be written fails no build; what was not stored is given up.
        lost ??= error;
        pending = [];
        pendingLength = 0;
      })
      .finally(() => {
        writing = undefined;
      });
    return writing;
  }

  return {
    async line(text) {
      if (lost) return;
      const line = `${mask(text)}\r\n`;
      pending.push(line);
      pendingLength += line.length;
      const writer = write();
      if (pendingLength > blockBytes) await writer;
    },
    async flush() {
      flushing = true;
      wake.abort();
      while (pending.length > 0 || writing) await write();
      wake = new AbortController();
      flushing = false;
    },
    async complete(status) {
      await created;
      await blob.setMetadata({ Complete: completeWord(status) });
    },
  };
}
