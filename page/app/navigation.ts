import { useEffect, useState } from 'preact/hooks';
import { addressOf, type Route, routeOf } from './routes.ts';

const here = () => routeOf(location.pathname, location.search);
const watchers = new Set<() => void>();
const tellAll = () => {
  for (const watch of watchers) watch();
};
addEventListener('popstate', tellAll);

type Addressed = Exclude<Route, { view: 'nowhere' }>;

/** What the browser keeps with an address to which a view of the page has led. */
const cameFromView = 'from a view';

/** Shows another view; its address becomes the page's. */
export function goTo(route: Addressed, how: 'push' | 'replace' = 'push'): void {
  const address = addressOf(route);
  if (how === 'push') history.pushState(cameFromView, '', address);
  else history.replaceState(history.state, '', address);
  tellAll();
}

/** Back to the view before; to the images where the tab began with this one, and not to what was in it before. */
export function goBack(): void {
  if (history.state === cameFromView) history.back();
  else goTo({ view: 'images', find: '', show: '' });
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
