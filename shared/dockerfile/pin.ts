import { formatImageRef, isDigest, parseImageRef } from '../names/imageRef.ts';
import type { State } from './graph.ts';
import { DockerfileError, quote } from './syntax/errors.ts';
import { placesOf } from './syntax/flags.ts';
import { isSpace, type Span } from './syntax/goText.ts';
import type { Name } from './syntax/instructions.ts';
import { sourceOf } from './syntax/lines.ts';

/** The digest for each reference; null leaves an image by its name. */
export type Pins = Record<string, string | null>;

type Edit = { start: number; end: number; text: string };

/** What the reference of an image becomes; one that has a digest and no pin is pinned already. */
export function pinnedName(image: string, name: Name, pins: Pins): string {
  const { line } = name.line;
  const ref = parseImageRef(image);
  const digest = Object.hasOwn(pins, image) ? pins[image]! : undefined;
  if (digest === null) return image;
  if (digest === undefined && ref.digest !== undefined) return image;
  if (digest === undefined) throw new DockerfileError(line, `there is no pin for ${image}`);
  if (!isDigest(digest))
    throw new DockerfileError(line, `the pin for ${image} is no digest: ${quote(digest)}`);
  return formatImageRef({ registry: ref.registry, repository: ref.repository, digest });
}

/** Writes the pinned names in place of the names of these images. */
export function writePins(dockerfile: string, needed: State[], pins: Pins): string {
  // A trigger names its image once, however many stages it runs in.
  const edits = new Map<number, Edit>();
  for (const { image, site } of needed) {
    if (image === undefined) continue;
    const pinned = pinnedName(image, site, pins);
    if (pinned === image) continue;
    for (const edit of editsOf(site, pinned)) edits.set(edit.start, edit);
  }
  let out = '';
  let copied = 0;
  for (const { start, end, text } of [...edits.values()].sort((one, other) => one.start - other.start)) {
    out += dockerfile.slice(copied, start) + text;
    copied = end;
  }
  return out + dockerfile.slice(copied);
}

/**
 * A name that continues over several lines is written on the last of them: on the first it could leave a line empty,
 * which does not end an instruction, and so would swallow the next one.
 */
function editsOf(name: Name, pinned: string): Edit[] {
  const { span, text } = replacement(name, pinned);
  const pieces = sourceOf(name.line, span.start, span.end);
  if (pieces.length === 0)
    throw new DockerfileError(name.line.line, `${quote(name.value)} cannot be replaced`);
  return pieces.map(({ source, length }, index) => ({
    start: source,
    end: source + length,
    text: index === pieces.length - 1 ? text : '',
  }));
}

/** In a flag only the name is replaced, unless it starts inside other quotes than it ends: then the whole flag. */
function replacement({ at, flag, line }: Name, pinned: string): { span: Span; text: string } {
  if (flag === undefined) return { span: at, text: pinned };
  const places = placesOf(line.text, flag);
  const first = places[at.start]!;
  const last = places[at.end - 1]!;
  if (first.quoteChar === last.quoteChar)
    return { span: { start: first.start, end: last.end }, text: pinned };
  const text = flag.text.slice(0, at.start) + pinned + flag.text.slice(at.end);
  return { span: flag.written, text: escaped(text, flag.escapeChar) };
}

function escaped(text: string, escapeChar: string): string {
  let out = '';
  for (const char of text) {
    const isSpecial = char === escapeChar || char === '"' || char === "'" || isSpace(char.charCodeAt(0));
    out += isSpecial ? escapeChar + char : char;
  }
  return out;
}
