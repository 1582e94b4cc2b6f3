/** A log as it is shown: whole lines in chunks, and what follows the last line's end. Pure. */
export interface LogLines {
  chunks: string[][];
  rest: string;
  count: number;
}

export const noLines: LogLines = { chunks: [], rest: '', count: 0 };

/** A chunk is laid out only where it is seen. */
const chunkLines = 200;

/** Adds text as it comes, wherever it was cut. Chunks that are full stay the same values. */
export function addText({ chunks, rest, count }: LogLines, text: string): LogLines {
  const lines = (rest + text).split(/\r?\n|\r(?!$)/);
  const left = lines.pop()!;
  const all = [...chunks];
  let last = all.at(-1);
  if (last && last.length < chunkLines) all[all.length - 1] = last = [...last];
  for (const line of lines) {
    if (!last || last.length >= chunkLines) {
      last = [];
      all.push(last);
    }
    last.push(line);
  }
  return { chunks: all, rest: left, count: count + lines.length };
}
