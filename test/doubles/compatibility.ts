import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One row of docs/compatibility.md. */
export interface Row {
  /** The heading it stands under: `az acr task create`. */
  section: string;
  /** What is said of, as written: `--image -t`, also several. */
  subject: string;
  state: string;
  /** `azBuild: the title of its test`; empty for another part's. */
  test: string;
}

/** The rows of docs/compatibility.md that tell of a command. */
export function compatibilityRows(): Row[] {
  const text = readFileSync(join(import.meta.dirname, '../../docs/compatibility.md'), 'utf8');
  let section = '';
  const rows: Row[] = [];
  for (const line of text.split('\n')) {
    section = /^## (.*)/.exec(line)?.[1] ?? section;
    const [, subject, state, test] = line.split('|').map((cell) => cell.trim());
    if (line.startsWith('|') && subject && /^\w+$/.test(state ?? ''))
      rows.push({ section, subject, state: state!, test: test ?? '' });
  }
  return rows.filter(({ section }) => section.startsWith('az acr') || section === 'Every command');
}
