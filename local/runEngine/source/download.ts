import http from 'node:http';
import https from 'node:https';
import { RunFailure } from '../types.ts';

const redirects = new Set([301, 302, 303, 307, 308]);
const most = 5;
const silenceLimit = 60_000;

/** A URL as it may be shown: without user, password and query, where tokens and SAS signatures are. */
export const shownUrl = (url: URL) => `${url.protocol}//${url.host}${url.pathname}`;

/**
 * Opens a URL for reading, following redirects.
 * @param ca certificates of the authorities trusted, PEM
 * @throws RunFailure when it does not answer 200
 */
export async function download(
  url: URL,
  ca: string,
  signal: AbortSignal,
  hops = 0,
): Promise<NodeJS.ReadableStream> {
  const shown = shownUrl(url);
  let answer: http.IncomingMessage;
  try {
    answer = await new Promise((resolve, reject) => {
      const request =
        url.protocol === 'https:'
          ? https.get(url, { ca, signal }, resolve)
          : http.get(url, { signal }, resolve);
      request.setTimeout(silenceLimit, () => request.destroy(new Error('no answer for 60 s')));
      request.on('error', reject);
    });
  } catch (cause) {
    signal.throwIfAborted();
    throw new RunFailure(
      `The source ${shown} could not be downloaded: ${(cause as Error).message}. Check the URL.`,
      { cause },
    );
  }
  const location = answer.headers.location;
  if (redirects.has(answer.statusCode ?? 0) && location !== undefined && hops < most) {
    answer.resume();
    const next = new URL(location, url);
    if (next.protocol === url.protocol || next.protocol === 'https:')
      return download(next, ca, signal, hops + 1);
  }
  if (answer.statusCode !== 200) {
    answer.resume();
    throw new RunFailure(
      `The source ${shown} could not be downloaded: the server answered ${answer.statusCode}. Check the URL and the token in it.`,
    );
  }
  return answer;
}
