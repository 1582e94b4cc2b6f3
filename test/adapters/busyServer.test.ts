import assert from 'node:assert/strict';
import { test } from 'uvu';
import { busy } from '../../shared/adapters/registry/registryFault.ts';
import { answeredBadly } from '../../shared/adapters/source/sourceHttp.ts';

const answer = (status: number) => new Response('', { status, headers: { 'retry-after': '30' } });
const cases: [
  what: string,
  error: { busyServer?: string | undefined } | undefined,
  server: string | undefined,
][] = [
  ['a repository, 429', busy('baseacr.azurecr.io/base/node', answer(429)), 'baseacr.azurecr.io'],
  ['a registry, 429', busy('baseacr.azurecr.io', answer(429)), 'baseacr.azurecr.io'],
  ['a registry with a port, 429', busy('localhost:5000/base', answer(429)), 'localhost:5000'],
  // One repository or one replica of it may be broken.
  ['a repository, 503', busy('baseacr.azurecr.io/base/node', answer(503)), undefined],
  ['a repository, 404', busy('baseacr.azurecr.io/base/node', answer(404)), undefined],
  ['a git host, 429', answeredBadly('https://github.com/org/repo.git', answer(429)), 'github.com'],
  ['a git host, 502', answeredBadly('https://github.com/org/repo.git', answer(502)), undefined],
  ['a context that is no URL, 429', answeredBadly('the context', answer(429)), undefined],
];
for (const [what, error, server] of cases)
  test(`${what}: ${server ? `one run asks ${server} again for all` : 'each asks by itself'}`, () =>
    assert.equal(error?.busyServer, server));

test.run();
