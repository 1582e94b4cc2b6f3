import { decoded } from './routes.ts';

/** How the page signs its calls: by a function key of this tab, or by the cookie of App Service's sign-in. */

const item = 'plinth-key';
const isLoopback = () => ['localhost', '127.0.0.1', '[::1]'].includes(location.hostname);

/**
 * Takes the key that the local stack prints in the address, `#key=…`, and removes it from there before anything else is
 * done; a fragment is never sent. On another machine's address it is only removed.
 */
export function takeKeyFromAddress(): void {
  const [, key] = /^#key=(.*)$/.exec(location.hash) ?? [];
  if (key === undefined) return;
  history.replaceState(undefined, '', location.pathname + location.search);
  if (key && isLoopback()) keepKey(decoded(key));
}

/** In this tab only: neither a cookie nor what another tab could read. */
export const keepKey = (key: string) => sessionStorage.setItem(item, key);
export const forgetKey = () => sessionStorage.removeItem(item);
export const hasKey = () => sessionStorage.getItem(item) !== null;

/** Headers of a call. A key goes nowhere else. */
export function signed(headers: Record<string, string> = {}): Record<string, string> {
  const key = sessionStorage.getItem(item);
  return key ? { ...headers, 'x-functions-key': key } : headers;
}

/** Where App Service signs in, and back to this very address: a fragment would be lost on the way. */
export const signInAddress = () =>
  `/.auth/login/aad?post_login_redirect_uri=${encodeURIComponent(location.pathname + location.search)}`;
export const signOutAddress = '/.auth/logout?post_logout_redirect_uri=%2Fpage';

/** Whether the app takes function keys or Entra; read once, where it is asked for. */
export async function signInBy(): Promise<'key' | 'entra'> {
  const answer = await fetch('/page/sign-in.json');
  return ((await answer.json()) as { by: 'key' | 'entra' }).by;
}
