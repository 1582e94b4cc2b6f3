import type { HttpResponseInit } from '@azure/functions';
import type { UnreadableError } from '../../ports/store.ts';

/** What a PUT or a DELETE replaces, by the kinds of rows that it has. */
const replaced: Record<string, string> = { task: 'task', state: 'task', taskrun: 'taskRun' };

/**
 * The answer where a row is needed that cannot be read: a state of the resource that another try does not change, and
 * no fault of the server, at which clients try again.
 * @returns 409 with the row, why, and what to do; never what stands in it
 */
export function unreadRow({ message, kind = '' }: UnreadableError): HttpResponseInit {
  const mend = replaced[kind]
    ? `Write the ${replaced[kind]} again (PUT) or delete it.`
    : 'Remove the row (az storage entity delete); what it was of is then not known any more.';
  const text = `${message}, so nothing of it can be read or changed. ${mend} If a newer version of Plinth wrote it, deploy that again instead.`;
  return { status: 409, jsonBody: { error: { code: 'StoredRowUnreadable', message: text } } };
}
