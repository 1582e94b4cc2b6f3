/**
 * Most of a log that one answer has: what the storage SDKs ask for at once. The host keeps an answer whole in memory.
 */
export const mostLogBytes = 32 * 2 ** 20;

/** Which bytes of a log an answer has: from `start` up to, not including, `end`. */
export type LogPart = { status: 200 | 206; start: number; end: number } | { status: 413 } | { status: 416 };

/**
 * Reads `bytes=a-b` or `bytes=a-`; any other range is none, as RFC 9110 (14.2) has it. A range that is longer than an
 * answer gets its first bytes (15.3.7 of it leaves that to the server, and `content-range` shows); a whole log that is,
 * 413.
 * @param length of the log, in bytes
 */
export function logPart(header: string | null, length: number): LogPart {
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(header ?? '') ?? [];
  const start = Number(first);
  if (first === undefined || (last && Number(last) < start))
    return length > mostLogBytes ? { status: 413 } : { status: 200, start: 0, end: length };
  if (start >= length) return { status: 416 };
  const end = Math.min(last ? Number(last) + 1 : length, length, start + mostLogBytes);
  return { status: 206, start, end };
}
