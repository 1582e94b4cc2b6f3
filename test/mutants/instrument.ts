import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Instrumenter } from '@stryker-mutator/instrumenter';

export interface Mutant {
  /** The number by which the compiled source knows it. */
  id: string;
  /** The source file, from the root. */
  file: string;
  /** In the source, from 1. */
  line: number;
  column: number;
  kind: string;
  original: string;
  replacement: string;
}

/** Every condition, comparison, write, guard and constant of these is changed, one at a time. */
export const mutatedFolders = ['shared/rules', 'shared/flow', 'shared/adapters'] as const;

/**
 * Texts are left alone: most are sentences for people, and the compiler holds the rest, since what the product decides
 * by a word is a union type.
 */
const excludedMutations = ['StringLiteral'];

const silent = () => {};
const off = () => false;
/** The instrumenter wants a logger. */
const quiet: ConstructorParameters<typeof Instrumenter>[0] = {
  ...{ trace: silent, debug: silent, info: silent, warn: silent, error: silent, fatal: silent },
  ...{ isTraceEnabled: off, isDebugEnabled: off, isInfoEnabled: off },
  ...{ isWarnEnabled: off, isErrorEnabled: off, isFatalEnabled: off },
};

/**
 * Puts all mutants of the chosen files into their source, each behind a switch that the environment variable
 * `__STRYKER_ACTIVE_MUTANT__` turns.
 * @param pattern of the files' paths from the root
 */
export async function instrument(
  root: string,
  pattern: RegExp,
): Promise<{ mutants: Mutant[]; sourceOf: (path: string) => string | undefined }> {
  const files = mutatedFolders
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
        join(folder, name),
      ),
    )
    .filter((file) => file.endsWith('.ts') && pattern.test(file))
    .sort();
  const texts = new Map(files.map((file) => [file, readFileSync(join(root, file), 'utf8')]));
  const result = await new Instrumenter(quiet).instrument(
    [...texts].map(([name, content]) => ({ name, content, mutate: true })),
    { plugins: null, excludedMutations, ignorers: [] },
  );
  const sources = new Map(result.files.map(({ name, content }) => [join(root, name), content]));
  const mutants = result.mutants
    .filter(({ status }) => status !== 'Ignored')
    .map(({ id, fileName, location, mutatorName, replacement }) => ({
      id,
      file: fileName,
      line: location.start.line + 1,
      column: location.start.column + 1,
      kind: mutatorName,
      original: textBetween(texts.get(fileName)!, location),
      replacement: replacement ?? '',
    }));
  return { mutants, sourceOf: (path) => sources.get(path) };
}

interface Place {
  line: number;
  column: number;
}

/** Lines and columns from 0. */
function textBetween(text: string, { start, end }: { start: Place; end: Place }): string {
  const lines = text.split('\n').slice(start.line, end.line + 1);
  const last = lines.length - 1;
  lines[last] = lines[last]!.slice(0, end.column);
  lines[0] = lines[0]!.slice(start.column);
  return lines.join('\n');
}

/** Items by the file that each belongs to. */
export function byFile<T>(items: T[], fileOf: (item: T) => string): Map<string, T[]> {
  const files = new Map<string, T[]>();
  for (const item of items) files.set(fileOf(item), [...(files.get(fileOf(item)) ?? []), item]);
  return files;
}
