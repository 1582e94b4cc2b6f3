import { isMap } from 'yaml';
import { TaskFileError } from './errors.ts';
import type { TemplateScope } from './expression.ts';
import { toJson } from './goValue.ts';
import { parseGoYaml, plainOf, saysNothing } from './goYaml.ts';

/** The values of `{{.Values.x}}`, as a values file nests them. */
interface ValueTree {
  [name: string]: unknown;
}

/** One `--set` or `--set-secret`. */
export interface SetValue {
  name: string;
  value: string;
  isSecret: boolean;
}

/** What the templates of one run stand for. */
export interface TemplateData {
  /** `{{.Run.X}}`, by name. */
  run: Record<string, string>;
  values: ValueTree;
  /** `{{.Secrets.id}}`: the secrets of the file's own `secrets`. */
  secrets: Record<string, string>;
  /** The texts among the values that no message may show. */
  hidden?: readonly string[];
}

/**
 * Reads a values file: a YAML map, nested as deep as it likes.
 * @throws TaskFileError with the line
 */
export function parseValuesFile(text: string): ValueTree {
  const { root, lineOf } = parseGoYaml(text);
  if (saysNothing(root)) return {};
  if (!isMap(root)) throw new TaskFileError(1, 'a values file is a map of names to values.');
  return plainOf(root, { lineOf }) as ValueTree;
}

/** The values file with those of `--set`; of two with one name the later wins. */
export const withSet = (file: ValueTree, set: readonly SetValue[]): ValueTree => ({
  ...file,
  ...Object.fromEntries(set.map(({ name, value }) => [name, value])),
});

/** One list of values after another, by name: the later wins. */
export function mergeSet(...lists: (readonly SetValue[] | undefined)[]): SetValue[] {
  const merged = new Map(lists.flatMap((list) => (list ?? []).map((value) => [value.name, value] as const)));
  return [...merged.values()];
}

/** What is read of a file before its run has a value: `1` is a number, a name and a tag. */
const anyValue = '1';

/**
 * What templates stand for in a run.
 * @param pending the roots of which a missing value is only not known yet
 * @param absent called for each path without a value
 */
export function scopeOf(
  { run, values, secrets }: TemplateData,
  pending: readonly string[] = [],
  absent: (path: string[]) => void = () => {},
): TemplateScope {
  const [, date = '', time = ''] = /^(\d{8})-(\d{6})z$/.exec(run.Date ?? '') ?? [];
  const now = new Date(
    `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}T${time.replaceAll(/(\d\d)(?!$)/g, '$1:')}Z`,
  );
  return {
    root: {
      Run: { Repository: '', GitTag: '', TriggeredBy: '', OSVersion: '', ...run },
      Build: { ID: run.ID ?? '' },
      Values: values,
      Secrets: secrets,
      ValuesJSON: shellQuoted(toJson(values)),
      RunJSON: shellQuoted(toJson(run)),
    },
    missing(path) {
      if (pending.includes(path[0]!)) return anyValue;
      absent(path);
      return undefined;
    },
    now: Number.isNaN(now.getTime()) ? new Date(0) : now,
  };
}

/** As the engine quotes JSON for a shell. */
const shellQuoted = (text: string) => `'${text.replaceAll("'", `'"'"'`)}'`;

/** The texts that a message about a file may not show. */
export const hiddenIn = ({ hidden = [], secrets }: TemplateData): string[] => [
  ...hidden,
  ...Object.values(secrets),
];
