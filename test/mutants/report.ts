import { dirname } from 'node:path';
import { equivalents } from './equivalent.ts';
import { byFile, type Mutant } from './instrument.ts';

/** What must be found, in parts of all that are not equivalent, of a whole folder and of each of its files. */
const goals = {
  'shared/rules': { folder: 0.95, file: 0.7 },
  'shared/flow': { folder: 0.95, file: 0.7 },
  'shared/adapters': { folder: 0.85, file: 0.7 },
} as const;
/** How many mutants may be called equivalent, in parts of all. */
const mostEquivalent = 0.03;

export interface Judged {
  mutant: Mutant;
  isFound: boolean;
}

export interface Report {
  lines: string[];
  reached: boolean;
}

/** Whether a mutant stands in the list of those that nothing can tell from the source. */
export const isEquivalent = ({ file, original, replacement }: Mutant) =>
  equivalents.some(
    (one) => one.file === file && one.original === original && one.replacement === replacement,
  );

/** Every survivor, every file under its goal, and a line for each folder. */
export function report(judged: Judged[]): Report {
  const counted = judged.filter(({ mutant }) => !isEquivalent(mutant));
  const survivors = counted.filter(({ isFound }) => !isFound);
  const lines = survivors.map(({ mutant }) => describe(mutant));
  let reached = judged.length - counted.length <= judged.length * mostEquivalent;
  if (!reached)
    lines.push(`${judged.length - counted.length} of ${judged.length} are called equivalent: too many`);
  for (const [folder, goal] of Object.entries(goals)) {
    const here = counted.filter(({ mutant }) => mutant.file.startsWith(`${folder}/`));
    if (here.length === 0) continue;
    for (const [inner, those] of byFile(here, ({ mutant }) => dirname(mutant.file)))
      if (inner !== folder) lines.push(`${inner}: ${percent(those)} of ${those.length} mutants found`);
    for (const [file, those] of byFile(here, ({ mutant }) => mutant.file))
      if (shareFound(those) < goal.file) {
        lines.push(`${file}: ${percent(those)}, wanted ${goal.file * 100} %`);
        reached = false;
      }
    reached &&= shareFound(here) >= goal.folder;
    lines.push(`${folder}: ${percent(here)} of ${here.length} mutants found, wanted ${goal.folder * 100} %`);
  }
  return { lines, reached };
}

const shareFound = (judged: Judged[]) => judged.filter(({ isFound }) => isFound).length / judged.length;
const percent = (judged: Judged[]) => `${(100 * shareFound(judged)).toFixed(1)} %`;

function describe({ file, line, kind, original, replacement }: Mutant): string {
  const short = (text: string) => {
    const one = text.replace(/\s+/g, ' ');
    return one.length > 60 ? `${one.slice(0, 57)}…` : one;
  };
  return `survived ${file}:${line} ${kind}: ${short(original)} -> ${short(replacement)}`;
}
