import { isMap, isScalar, isSeq } from 'yaml';
import { nearestTo } from '../names/nearestTo.ts';
import { TaskFileError } from './template/errors.ts';
import { entriesOf, saysNothing, scalarValue } from './template/goYaml.ts';

/** A node of the file's YAML, and how to find its line. */
export interface NodePosition {
  node: unknown;
  line: number;
  /** What it is, for people: `timeout of step build-app`. */
  what: string;
}

/** What a reader of nodes needs for its messages. */
export interface Told {
  /** The line of the source in which a node begins. */
  lineOf(node: unknown): number;
  /** Takes what is no mistake to the engine, but probably one to its author. */
  warn(line: number, text: string): void;
}

/** The warning for a property that the engine ignores, with the right spelling where it is nearly one. */
function unknownProperty(name: string, known: readonly string[], what: string): string {
  const meant = nearestTo(name, known);
  const hint = meant ? ` Did you mean ${meant}?` : ` There are ${known.join(', ')}.`;
  return `${what} has no property ${name}.${hint}`;
}

/**
 * The properties of a map by name; a property without a value is left out, of one that is there twice the last counts,
 * and one that is not known is passed over, as the engine does.
 * @throws TaskFileError for what is no map
 */
export function propertiesOf(
  { node, line, what }: NodePosition,
  known: readonly string[],
  { lineOf, warn }: Told,
): Map<string, NodePosition> {
  if (!isMap(node)) throw new TaskFileError(line, `${what} is not a map of properties.`);
  const properties = new Map<string, NodePosition>();
  const seen = new Set<string>();
  for (const { name, key, value } of entriesOf(node)) {
    const at = lineOf(key);
    if (!known.includes(name)) {
      warn(at, unknownProperty(name, known, what));
      continue;
    }
    // az writes a version before the text of a file.
    if (seen.has(name) && name !== 'version')
      warn(at, `${what} has the property ${name} twice; the last one counts.`);
    seen.add(name);
    if (saysNothing(value)) properties.delete(name);
    else properties.set(name, { node: value, line: at, what: `${name} of ${what}` });
  }
  return properties;
}

/** A scalar as it is written; a number, a date or a boolean is a text too. @throws TaskFileError */
export function textOf({ node, line, what }: NodePosition): string {
  if (!isScalar(node)) throw new TaskFileError(line, `${what} is not a text.`);
  if (saysNothing(node)) return '';
  const value = scalarValue(node);
  return typeof value === 'string' ? value : String(node.value);
}

/** A list of texts. @throws TaskFileError */
export function textsOf(
  { node, line, what }: NodePosition,
  { lineOf }: Pick<Told, 'lineOf'>,
): { text: string; line: number }[] {
  if (!isSeq(node)) throw new TaskFileError(line, `${what} is not a list.`);
  return node.items.map((item) => {
    const at = lineOf(item);
    return { text: textOf({ node: item, line: at, what: `an entry of ${what}` }), line: at };
  });
}

/** A whole number; of one with a fraction its whole part, as the engine reads it. @throws TaskFileError */
export function wholeNumberOf({ node, line, what }: NodePosition, least?: number, unit = ''): number {
  const value = isScalar(node) ? scalarValue(node) : undefined;
  const number =
    typeof value === 'bigint' || typeof value === 'number' ? Math.trunc(Number(value)) : Number.NaN;
  if (Number.isSafeInteger(number) && (least === undefined || number >= least)) return number;
  const from = least === undefined ? '' : ` from ${least} on`;
  throw new TaskFileError(
    line,
    `${what} is not a whole number${unit && ` of ${unit}`}${from}${inQuotes(node)}.`,
  );
}

/** @throws TaskFileError */
export function booleanOf({ node, line, what }: NodePosition): boolean {
  const value = isScalar(node) ? scalarValue(node) : undefined;
  if (typeof value === 'boolean') return value;
  throw new TaskFileError(line, `${what} is neither true nor false${inQuotes(node)}.`);
}

const inQuotes = (node: unknown) =>
  isScalar(node) && node.type?.startsWith('QUOTE') ? ': in quotes it is a text to the engine' : '';

/** `NAME=value` entries. @throws TaskFileError */
export function environmentOf(place: NodePosition, told: Told): EnvironmentEntry[] {
  return textsOf(place, told).map(({ text, line }) => entryOf(text, line, place.what));
}

/** The task's own, of which the engine takes each apart at its commas. @throws TaskFileError */
export function taskEnvironmentOf(place: NodePosition, told: Told): EnvironmentEntry[] {
  return textsOf(place, told).flatMap(({ text, line }) =>
    text.split(',').map((part) => entryOf(part, line, place.what)),
  );
}

function entryOf(text: string, line: number, what: string): EnvironmentEntry {
  const equals = text.indexOf('=');
  if (equals < 1) throw new TaskFileError(line, `${what} has ${text}, which is not NAME=value.`);
  return { name: text.slice(0, equals), value: text.slice(equals + 1) };
}

export interface EnvironmentEntry {
  name: string;
  value: string;
}
