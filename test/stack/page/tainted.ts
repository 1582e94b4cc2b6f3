import type { Api } from './fixtureServer.ts';

/** Fields whose text others choose: names, reasons, messages. */
const ofOthers = new Set([
  ...['image', 'images', 'task', 'repository', 'reason', 'message', 'fault', 'waits', 'why', 'pause'],
  ...['runErrorMessage', 'push', 'id'],
]);
/** A task's name is in the addresses of what is asked, which a server takes up to 16 KB. */
const longestTask = 2000;

/** An API that answers the same, with a text at the end of every field that others choose. */
export const tainted =
  (api: Api, text: string): Api =>
  (method, url, range) => {
    const plain = new URL(url);
    plain.pathname = decodeURIComponent(url.pathname)
      .replaceAll(text.slice(0, longestTask), '')
      .replaceAll('%', '%25');
    for (const [key, value] of url.searchParams)
      if (value.includes(text.slice(0, longestTask)))
        plain.searchParams.set(key, value.replaceAll(text.slice(0, longestTask), ''));
    const answered = api(method, plain, range);
    return 'json' in answered ? { json: withText(answered.json, text) } : answered;
  };

function withText(value: unknown, text: string, key = ''): unknown {
  if (Array.isArray(value)) return value.map((one) => withText(one, text, key));
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, withText(one, text, name)]));
  if (typeof value !== 'string' || !ofOthers.has(key)) return value;
  // Half of a pair of surrogates has no place in an address.
  return value + (key === 'task' ? text.slice(0, longestTask) : text) + (key === 'reason' ? '\uD800' : '');
}
