import { wordsOf } from '../taskFile/docker/commandLine.ts';

/**
 * A text of a step as the container gets it. ACR's engine writes what a step says (`env`, `user`, `entryPoint`) into a
 * line `docker run …` for a shell, which takes its quotes and backslashes away.
 * @returns undefined where it is not one word for a shell: docker would take what is left for the image
 */
export function shellWord(text: string): string | undefined {
  const read = wordsOf(text);
  return 'words' in read && read.words.length === 1 ? read.words[0] : undefined;
}
