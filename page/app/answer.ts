import { useEffect, useState } from 'preact/hooks';
import { CallError, call } from './call.ts';

/** What a view asks for itself; what was answered stays until the next answer. */
interface Answer<T> {
  value?: T;
  error?: CallError;
}

/**
 * Asks for a path of the API, and again whenever `version` changes.
 * @param path undefined for nothing
 */
export function useAnswer<T>(path: string | undefined, version: unknown): Answer<T> {
  const [answer, set] = useState<Answer<T> & { path?: string | undefined }>({});
  useEffect(() => {
    let isOver = false;
    if (path === undefined) return;
    call<T>(path).then(
      (value) => isOver || set({ path, value }),
      (error: unknown) =>
        isOver ||
        set((before) => ({
          ...(before.path === path && before),
          path,
          error: error instanceof CallError ? error : new CallError(0, 'Fault', String(error)),
        })),
    );
    return () => {
      isOver = true;
    };
  }, [path, version]);
  return answer.path === path ? answer : {};
}
