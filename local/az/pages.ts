/**
 * A page of a list with its link to the next one leading through this front, whatever address the app wrote: a client
 * sends its ARM token along, and that goes to no other host.
 */
export function nextThroughFront(body: string, origin: string): string {
  let page: unknown;
  try {
    page = JSON.parse(body);
  } catch {
    return body;
  }
  if (typeof page !== 'object' || page === null || !('nextLink' in page)) return body;
  const { nextLink, ...rest } = page;
  if (typeof nextLink !== 'string' || !URL.canParse(nextLink, origin)) return JSON.stringify(rest);
  const { pathname, search } = new URL(nextLink, origin);
  return JSON.stringify({ ...rest, nextLink: `${origin}${pathname}${search}` });
}
