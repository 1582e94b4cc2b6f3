/** A text that was made from a source, and the line of the source each of its lines came from; from 1. */
export interface Lined {
  text: string;
  lines: number[];
}

export const lined = (text: string): Lined => ({ text, lines: text.split('\n').map((_, at) => at + 1) });

/** The line of the source for a line of the text. */
export const sourceLine =
  ({ lines }: Lined) =>
  (line: number): number =>
    lines[Math.min(line, lines.length) - 1] ?? 1;

/** The lines for which `wanted` holds. */
export function keepLines({ text, lines }: Lined, wanted: (line: string) => boolean): Lined {
  const kept = text.split('\n').flatMap((line, at) => (wanted(line) ? [{ line, from: lines[at]! }] : []));
  return { text: kept.map(({ line }) => line).join('\n'), lines: kept.map(({ from }) => from) };
}

const countLines = (text: string) => text.split('\n').length - 1;

/** Makes a new text of pieces of another, from its beginning to its end, and of pieces that are put between them. */
export function rewriting(source: Lined) {
  const lines = [source.lines[0] ?? 1];
  let text = '';
  let at = 0;
  let index = 0;
  const here = () => source.lines[Math.min(index, source.lines.length - 1)] ?? 1;
  return {
    /** The line of the source where the next piece begins. */
    line: here,
    copy(to: number) {
      const piece = source.text.slice(at, to);
      text += piece;
      for (let n = countLines(piece); n > 0; n--) {
        index++;
        lines.push(here());
      }
      at = to;
    },
    skip(to: number) {
      index += countLines(source.text.slice(at, to));
      at = to;
      if (text === '' || text.endsWith('\n')) lines[lines.length - 1] = here();
    },
    insert(piece: string) {
      text += piece;
      for (let n = countLines(piece); n > 0; n--) lines.push(here());
    },
    done: (): Lined => ({ text, lines }),
  };
}
