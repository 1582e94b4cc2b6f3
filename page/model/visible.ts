/** A fifth mark on one letter, and those after it, are drawn over the lines above and below. */
const mostMarks = 4;
const shapeless = new RegExp(
  String.raw`(?![\t\uFE0E\uFE0F])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}\p{Default_Ignorable_Code_Point}]|\p{M}(?<=\p{M}{${mostMarks + 1}})`,
  'gu',
);

/**
 * Controls, marks of direction, fillers and whatever else has no shape of its own, as `⟨U+202E⟩`: a name or a log line
 * cannot show as another, or over another. Tabs stay, and what makes a letter a picture.
 */
export const visible = (text: string) =>
  text.replace(shapeless, (one) => `⟨U+${one.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}⟩`);

/** A part of a line, with the class of its colour where it has one. */
export interface Coloured {
  text: string;
  colour?: string;
}

const colours = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'];

/** A log's line: ANSI colours become classes, other escapes are dropped, and what is left of controls is shown. */
export function coloured(line: string): Coloured[] {
  const parts: Coloured[] = [];
  let colour: string | undefined;
  // ESC [ … letter; ESC ] … BEL or ESC \; ESC and a letter.
  const escapes = /\x1b\[([0-9;?]*)([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[@-Z\\^_]?/g;
  let from = 0;
  const add = (text: string) => {
    if (text !== '') parts.push({ text: visible(text), ...(colour && { colour }) });
  };
  for (const found of line.matchAll(escapes)) {
    add(line.slice(from, found.index));
    from = found.index + found[0].length;
    if (found[2] === 'm') colour = colourAfter(found[1]!, colour);
  }
  add(line.slice(from));
  return parts;
}

function colourAfter(codes: string, before: string | undefined): string | undefined {
  let colour = before;
  for (const code of codes.split(';').map(Number)) {
    if (code === 0 || code === 39) colour = undefined;
    else if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97)) colour = colours[code % 10];
  }
  return colour;
}
