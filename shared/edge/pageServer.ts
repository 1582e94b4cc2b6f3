import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { app, type HttpRequest, type HttpResponseInit } from '@azure/functions';
import { processUsesEntra } from './config.ts';

/** Of every answer: nothing of another origin is loaded or asked, no text becomes markup or script, no page frames it. */
const guards = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types plinth",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

const types: Record<string, string> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
};

/** A file as it was built: compressed, since App Service on Linux compresses nothing. */
interface BuiltFile {
  compressed: Buffer;
  etag: string;
}

/**
 * Serves the files of the page below `/page`, to every caller: they hold no data. A path whose last part has no dot is
 * an address of the page's own and gets `index.html`; any other that was not built is 404. `sign-in.json` says whether
 * the app takes function keys or Entra.
 * @param folder of `*.gz`, as `infra/buildPage.ts` makes it
 */
export function servePage(folder: URL): void {
  let files: Map<string, BuiltFile> | undefined;
  app.http('page', {
    route: 'page/{*path}',
    methods: ['GET', 'HEAD'],
    authLevel: 'anonymous',
    handler: async (request) => {
      files ??= readFiles(folder);
      return answer(request, request.params.path ?? '', files);
    },
  });
}

function readFiles(folder: URL): Map<string, BuiltFile> {
  return new Map(
    readdirSync(folder)
      .filter((name) => name.endsWith('.gz'))
      .map((name) => {
        const compressed = readFileSync(new URL(name, folder));
        const etag = `"${createHash('sha256').update(compressed).digest('base64url').slice(0, 22)}"`;
        return [name.slice(0, -'.gz'.length), { compressed, etag }];
      }),
  );
}

function answer(request: HttpRequest, path: string, files: Map<string, BuiltFile>): HttpResponseInit {
  if (path === 'sign-in.json')
    return {
      headers: { ...guards, 'cache-control': 'no-cache' },
      jsonBody: { by: processUsesEntra() ? 'entra' : 'key' },
    };
  const found = files.get(path);
  // Names of images have dots.
  const isAddress = !path.includes('.') || /^(image|task|push|run)\//.test(path);
  const name = found ? path : 'index.html';
  const file = found ?? (isAddress ? files.get('index.html') : undefined);
  if (!file) return { status: 404, headers: guards, body: 'Not found' };
  const headers = {
    ...guards,
    'content-type': types[name.split('.').at(-1)!] ?? 'application/octet-stream',
    // The name of a file changes with what it holds; index.html names them.
    'cache-control': name === 'index.html' ? 'no-cache' : 'public, max-age=31536000, immutable',
    etag: file.etag,
    vary: 'accept-encoding',
  };
  if (request.headers.get('if-none-match')?.includes(file.etag)) return { status: 304, headers };
  const isCompressed = /\bgzip\b(?!;\s*q=0(?:\.0*)?(?:,|$))/.test(
    request.headers.get('accept-encoding') ?? '',
  );
  const body = isCompressed ? file.compressed : gunzipSync(file.compressed);
  return {
    headers: {
      ...headers,
      ...(isCompressed && { 'content-encoding': 'gzip' }),
      'content-length': String(body.length),
    },
    ...(request.method === 'GET' && { body }),
  };
}
