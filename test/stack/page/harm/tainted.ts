import { escapedPart } from '../../../../page/app/routes.ts';
import type { Api } from '../fixtureServer.ts';

/** Fields whose text others choose: names of tasks, images and tags, ids of events, and sentences. */
const chosenByOthers = new Set(
  'task tasks image images repository tag push pushes reason why waits fault message runErrorMessage'.split(
    ' ',
  ),
);

/**
 * An API whose answers have a text at the end of all that others choose, and that knows what is asked for by such names.
 * @param text without an apostrophe, which an address may have as it is or escaped
 */
export function tainted(api: Api, text: string): Api {
  const sent = escapedPart(text);
  const taintedValue = (value: unknown, isChosen: boolean): unknown => {
    if (typeof value === 'string') return isChosen ? value + text : value;
    if (Array.isArray(value)) return value.map((one) => taintedValue(one, isChosen));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, one]) => [key, taintedValue(one, isChosenField(key, value))]),
    );
  };
  return (method, url, range) => {
    const answer = api(method, new URL(url.href.replaceAll(sent, '')), range);
    if ('json' in answer) return { json: taintedValue(answer.json, false) };
    return 'message' in answer ? { ...answer, message: answer.message + text } : answer;
  };
}

/** An event is named by its id, and who asks by a name. */
const isChosenField = (key: string, of: object) =>
  chosenByOthers.has(key) ||
  (key === 'id' && ('digest' in of || 'images' in of)) ||
  (key === 'name' && 'roles' in of);
