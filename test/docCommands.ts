import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

/** A block of commands of a page. */
interface DocCommands {
  page: string;
  text: string;
  /** What its fence says of it beside the language: `azure`, `machine`. */
  needs: string | undefined;
}

/** Every block of shell commands in the README, in docs/ and in examples/, as a reader copies it. */
export function docCommands(): DocCommands[] {
  const below = ['docs', 'examples'].flatMap((top) =>
    readdirSync(join(root, top), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.md'))
      .sort()
      .map((name) => join(top, name)),
  );
  return ['README.md', ...below].flatMap((page) =>
    [
      ...readFileSync(join(root, page), 'utf8').matchAll(
        /^( *)```(?:sh|bash)(?: (\w+))?\n([\s\S]*?)^\1```$/gm,
      ),
    ].map(([, indent, needs, text]) => ({ page, needs, text: text!.replaceAll(`\n${indent}`, '\n').trim() })),
  );
}
