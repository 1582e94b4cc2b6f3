import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runContained } from '../build/contained.ts';
import { lineCutter } from '../run/lines.ts';
import { type Mask, maskOf } from '../run/mask.ts';
import { RunFailure } from '../types.ts';
import { shownUrl } from './download.ts';

interface GitOptions {
  /** File of the certificates trusted, PEM. */
  caBundle: string;
  /** A directory for git's own files. */
  home: string;
  mask: Mask;
  signal: AbortSignal;
  log(line: string): Promise<void>;
}

/** $1 url, $2 ref. A server that gives no shallow copy, or no commit by its id, is asked for everything. */
const script = `set -e
git init -q .
git fetch -q --depth 1 -- "$1" "$2" 2>"$HOME/shallow" || {
  git fetch -q --tags --force -- "$1" '+refs/heads/*:refs/remotes/origin/*' 2>"$HOME/full" || { cat "$HOME/full" "$HOME/shallow" >&2; exit 1; }
  target=$(git rev-parse -q --verify "refs/remotes/origin/$2" || git rev-parse -q --verify "refs/tags/$2" || git rev-parse -q --verify "$2^{commit}") || { cat "$HOME/shallow" >&2; exit 1; }
  git update-ref FETCH_HEAD "$target"
}
git checkout -q --force FETCH_HEAD
if [ -f .gitmodules ]; then git submodule -q update --init --recursive --depth 1; fi
git rev-parse HEAD
`;

/**
 * Copies a git repository into an empty directory, without its history.
 * @param ref branch, tag or commit; undefined for the default branch
 * @throws RunFailure with git's own words
 */
export async function fetchGit(
  url: URL,
  ref: string | undefined,
  dir: string,
  options: GitOptions,
): Promise<void> {
  const bare = new URL(url);
  bare.username = '';
  bare.password = '';
  const login = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  const basic = Buffer.from(login).toString('base64');
  const hasLogin = login !== ':';
  // The token goes through the environment, and only to the server it was given for.
  const config: [string, string][] = [
    ['safe.directory', '*'],
    ['advice.detachedHead', 'false'],
    ...(hasLogin
      ? [[`http.${bare.origin}/.extraHeader`, `Authorization: Basic ${basic}`] as [string, string]]
      : []),
  ];
  const env: Record<string, string> = {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    HOME: options.home,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ALLOW_PROTOCOL: 'https:http',
    GIT_SSL_CAINFO: options.caBundle,
    GIT_CONFIG_COUNT: String(config.length),
    ...Object.fromEntries(
      config.flatMap(([key, value], n) => [
        [`GIT_CONFIG_KEY_${n}`, key],
        [`GIT_CONFIG_VALUE_${n}`, value],
      ]),
    ),
  };
  const said: string[] = [];
  const cutter = lineCutter(maskOf([...(hasLogin ? [basic] : [])]), async (line) => {
    if (said.push(line) > 50) said.shift();
  });
  const command = ['/bin/sh', '-c', script, 'git', bare.href, ref ?? 'HEAD'];
  const code = await runContained(command, { env, cwd: dir, signal: options.signal, output: cutter.add });
  await cutter.end();
  if (code !== 0) throw new RunFailure(gitFault(shownUrl(bare), ref, said.map(options.mask)));
  await options.log(`Commit: ${said.at(-1)}`);
  await rm(join(dir, '.git'), { recursive: true, force: true });
}

function gitFault(url: string, ref: string | undefined, said: string[]): string {
  const words = said.filter((line) => /^(fatal|error|remote):/.test(line)).join(' ') || said.join(' ');
  const advice = /could not read Username|Authentication failed|40[13]\b/.test(words)
    ? 'The server requires a token that may read the repository: https://TOKEN@host/….'
    : /couldn't find remote ref|did not match/.test(words)
      ? 'Check the branch, tag or commit behind #.'
      : 'Check the URL.';
  return `The source ${url}${ref === undefined ? '' : `#${ref}`} could not be fetched: ${words.slice(0, 500)} ${advice}`;
}
