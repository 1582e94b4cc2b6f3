/** Every view has an address: what is shown is what the address says. Pure. */

export type Route =
  | { view: 'images'; find: string; show: string }
  | { view: 'image'; image: string }
  | { view: 'task'; registry: string; task: string }
  | { view: 'pushes'; day: string }
  | { view: 'push'; id: string }
  | { view: 'runs' }
  | { view: 'run'; registry: string; runId: string }
  | { view: 'what-if'; image: string }
  | { view: 'nowhere' };

/** @param path below `/page` and with it */
export function routeOf(path: string, search: string): Route {
  const [view = '', ...rest] = path
    .replace(/^\/page\/?/, '')
    .split('/')
    .map(decoded);
  const query = new URLSearchParams(search);
  const [first = '', second = ''] = rest;
  switch (view) {
    case '':
      return { view: 'images', find: query.get('find') ?? '', show: query.get('show') ?? '' };
    case 'image':
      return first ? { view, image: rest.join('/') } : { view: 'nowhere' };
    case 'task':
      return second ? { view, registry: first, task: second } : { view: 'nowhere' };
    case 'pushes':
      return { view, day: query.get('day') ?? '' };
    case 'push':
      return first ? { view, id: rest.join('/') } : { view: 'nowhere' };
    case 'runs':
      return { view };
    case 'run':
      return second ? { view, registry: first, runId: second } : { view: 'nowhere' };
    case 'what-if':
      return { view, image: query.get('image') ?? '' };
    default:
      return { view: 'nowhere' };
  }
}

/** A text as a part of an address. Half of a pair of surrogates has no escape, and is replaced. */
export const escapedPart = (text: string) => encodeURIComponent(text.replace(/\p{Cs}/gu, '\uFFFD'));

/** The address of a view. Parts are escaped one by one; slashes and colons of an image stay readable. */
export function addressOf(route: Exclude<Route, { view: 'nowhere' }>): string {
  const escaped = (text: string) => escapedPart(text).replaceAll('%2F', '/').replaceAll('%3A', ':');
  switch (route.view) {
    case 'images':
      return `/page${queryOf({ find: route.find, show: route.show })}`;
    case 'image':
      return `/page/image/${escaped(route.image)}`;
    case 'task':
      return `/page/task/${escaped(route.registry)}/${escaped(route.task)}`;
    case 'pushes':
      return `/page/pushes${queryOf({ day: route.day })}`;
    case 'push':
      return `/page/push/${escaped(route.id)}`;
    case 'runs':
      return '/page/runs';
    case 'run':
      return `/page/run/${escaped(route.registry)}/${escaped(route.runId)}`;
    case 'what-if':
      return `/page/what-if${queryOf({ image: route.image })}`;
  }
}

function queryOf(values: Record<string, string>): string {
  const query = new URLSearchParams(Object.entries(values).filter(([, value]) => value !== ''));
  return query.size > 0 ? `?${query}` : '';
}

/** An escaped text; with a broken escape as it came. */
export function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
