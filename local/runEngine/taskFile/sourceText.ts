/** A text with, for every character, the line of the file that it came from. */
export interface SourceText {
  text: string;
  /** For each character of `text`, from 1. */
  lines: readonly number[];
}

export function sourceText(text: string): SourceText {
  let line = 1;
  const lines: number[] = [];
  for (let at = 0; at < text.length; at++) {
    lines.push(line);
    if (text[at] === '\n') line++;
  }
  return { text, lines };
}

export const pieceOf = ({ text, lines }: SourceText, from: number, to?: number): SourceText => ({
  text: text.slice(from, to),
  lines: lines.slice(from, to),
});

/** A text that stands in the place of something on a line. */
export const insteadOf = (line: number, text: string): SourceText => ({
  text,
  lines: Array<number>(text.length).fill(line),
});

export const joined = (pieces: readonly SourceText[]): SourceText => ({
  text: pieces.map(({ text }) => text).join(''),
  lines: pieces.flatMap(({ lines }) => lines),
});

/** The line of the file for a place in the text; at its end, the last. */
export const lineAt = ({ lines }: SourceText, at: number): number =>
  lines[Math.min(Math.max(at, 0), lines.length - 1)] ?? 1;

/** The lines of a text, each with its line break. */
export function linesOf(source: SourceText): SourceText[] {
  const found: SourceText[] = [];
  for (let from = 0; from < source.text.length; ) {
    const end = source.text.indexOf('\n', from);
    const to = end < 0 ? source.text.length : end + 1;
    found.push(pieceOf(source, from, to));
    from = to;
  }
  return found;
}
