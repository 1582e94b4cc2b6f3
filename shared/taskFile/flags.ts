/** The options of a docker command, as its own table has them. */
export interface FlagTable {
  command: string;
  /** Options that are there or not; a value only after `=`. */
  switches: ReadonlySet<string>;
  valued: ReadonlySet<string>;
  shorts: Readonly<Record<string, string>>;
  /** Whether options may stand behind the first word that is none. */
  mixed: boolean;
}

export interface Flag {
  name: string;
  value?: string;
}

/**
 * Takes a command line apart as docker does: `--name value`, `--name=value`, `-n value`, `-n=value`, `-nvalue`, joined
 * short options (`-it`), and `--`, behind which there are no options.
 * @returns a sentence where docker would refuse it
 */
export function parseFlags(
  words: readonly string[],
  table: FlagTable,
): { flags: Flag[]; rest: string[] } | { problem: string } {
  const flags: Flag[] = [];
  const rest: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    if (word === '--') return { flags, rest: [...rest, ...words.slice(at + 1)] };
    if (word === '-' || !word.startsWith('-')) {
      if (!table.mixed) return { flags, rest: words.slice(at) };
      rest.push(word);
      continue;
    }
    for (const flag of word.startsWith('--') ? [longOf(word)] : shortsOf(word, table)) {
      const takes = table.valued.has(flag.name);
      if (!takes && !table.switches.has(flag.name))
        return { problem: `${table.command} has no option ${flag.shown}` };
      const value = takes ? (flag.value ?? words[++at]) : flag.value;
      if (takes && value === undefined) return { problem: `${flag.shown} needs a value` };
      flags.push({ name: flag.name, ...(value !== undefined && { value }) });
    }
  }
  return { flags, rest };
}

function longOf(word: string): Flag & { shown: string } {
  const equals = word.indexOf('=');
  const shown = equals < 0 ? word : word.slice(0, equals);
  return { name: shown.slice(2), shown, ...(equals >= 0 && { value: word.slice(equals + 1) }) };
}

/** The first of joined short options that takes a value takes the rest of the word. */
function shortsOf(word: string, { shorts, valued }: FlagTable): (Flag & { shown: string })[] {
  const found: (Flag & { shown: string })[] = [];
  for (let at = 1; at < word.length; at++) {
    const name = Object.hasOwn(shorts, word[at]!) ? shorts[word[at]!]! : `-${word[at]}`;
    const shown = `-${word[at]}`;
    const equals = word[at + 1] === '=';
    const value = word.slice(at + (equals ? 2 : 1));
    if (!equals && (value === '' || !valued.has(name))) {
      found.push({ name, shown });
      continue;
    }
    return [...found, { name, shown, value }];
  }
  return found;
}
