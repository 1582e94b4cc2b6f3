import type { UnreadableError } from '../../ports/store.ts';

/** What a PUT or a DELETE replaces, by the kinds of rows that it has. */
const replaced: Record<string, string> = { task: 'task', state: 'task', taskrun: 'taskRun' };

/** What is said where a row is needed that cannot be read: which row, why, and what to do; never what stands in it. */
export function unreadRow({ message, kind = '' }: UnreadableError): string {
  const mend = replaced[kind]
    ? `Write the ${replaced[kind]} again (PUT) or delete it.`
    : 'Remove the row (az storage entity delete); what it was of is then not known any more.';
  return `${message}, so nothing of it can be read or changed. ${mend} If a newer version of Plinth wrote it, deploy that again instead.`;
}
