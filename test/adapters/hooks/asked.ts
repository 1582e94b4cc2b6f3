import { createSourceControl } from '../../../shared/adapters/hooks/sourceControl.ts';
import type { Hook } from '../../../shared/model/webhook.ts';

export interface Asked {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: unknown;
}
/** A server's answer to a request; the request as it would be sent is kept first. */
export type Answers = (asked: Asked) => Response | Promise<Response>;

/** The product's way to servers of repositories, of which one is a function here. */
export function sourceControlAt(answers: Answers, apis: Record<string, string> = {}) {
  const asked: Asked[] = [];
  const fetch = async (url: string | URL, init: RequestInit = {}) => {
    const headers = Object.fromEntries(new Headers(init.headers));
    const body = init.body === undefined ? undefined : JSON.parse(String(init.body));
    asked.push({ method: init.method ?? 'GET', url: String(url), headers, body });
    return answers(asked.at(-1)!);
  };
  return { sourceControl: createSourceControl(apis, fetch as typeof globalThis.fetch), asked };
}

export const url = 'https://plinth.example.com/webhooks/appacr/webapp/src';
export const hookOf = (
  provider: Hook['provider'],
  repositoryUrl: string,
  change: Partial<Hook> = {},
): Hook => ({
  ...{ provider, repositoryUrl, url, events: ['commit', 'pullrequest'] },
  ...change,
});
export const pat = { token: 'pat', tokenType: 'PAT' } as const;
/** What is asked, without headers and bodies. */
export const lines = (asked: Asked[]) => asked.map(({ method, url }) => `${method} ${url}`);
