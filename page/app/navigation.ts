import { useEffect, useState } from 'preact/hooks';
import { addressOf, type Route, routeOf } from './routes.ts';

const here = () => routeOf(location.pathname, location.search);
const watchers = new Set<() => void>();
const tellAll = () => {
  for (const watch of watchers) watch();
};
addEventListener('popstate', tellAll);

type Addressed = Exclude<Route, { view: 'nowhere' }>;

/** Shows another view; its address becomes the page's. */
export function goTo(route: Addressed, how: 'push' | 'replace' = 'push'): void {
  const address = addressOf(route);
  if (how === 'push') history.pushState(undefined, '', address);
  else history.replaceState(undefined, '', address);
  tellAll();
}

/** What the address says now. */
export function useRoute(): Route {
  const [route, set] = useState(here);
  useEffect(() => {
    const watch = () => set(here());
    watchers.add(watch);
    return () => void watchers.delete(watch);
  }, []);
  return route;
}

/** The time in ms, again every so often, never in a hidden tab. */
export function useNow(everyMs: number): number {
  const [now, set] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => document.visibilityState === 'visible' && set(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}
