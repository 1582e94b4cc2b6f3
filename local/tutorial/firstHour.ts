import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Stack } from '../stack.ts';

const readme = join(import.meta.dirname, '../../README.md');
const heading = '## Create a task with `curl`';

/**
 * The commands of the README, from a base image to the log of the app that was rebuilt on it. They read the variables
 * that `variablesOf` sets.
 * @throws Error where the README has them no longer
 */
export async function firstCommands(): Promise<string> {
  const text = await readFile(readme, 'utf8');
  const [, commands] = /^```sh\n([\s\S]*?)^```/m.exec(text.slice(text.indexOf(heading))) ?? [];
  if (!text.includes(heading) || !commands) throw new Error(`README.md has no commands under ${heading}`);
  return commands;
}

/** One line for a shell: where the stack is, and the key of the app. */
export const variablesOf = ({ url, keys, git, tls }: Stack): string =>
  `export PLINTH=${url} KEY=${keys.function} GIT=${git.url} CA=${tls.caFile}`;

/** The page's address with the key of the app: the page takes the key out of it as it opens. */
export const pageOf = ({ url, keys }: Stack): string => `${url}/page#key=${keys.function}`;
