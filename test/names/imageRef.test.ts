import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import { formatImageRef, ImageRefError, parseImageRef, readImageRef } from '../../shared/names/imageRef.ts';

type Row = {
  in: string;
  error?: string;
  normalized: string;
  domain?: string;
  path: string;
  tag?: string;
  digest?: string;
};
const file = join(import.meta.dirname, '../fixtures/dockerfiles/refs.json');
const table = JSON.parse(readFileSync(file, 'utf8')) as Row[];

test(`answers as distribution/reference for ${table.length} references`, () => {
  for (const row of table) {
    if (row.error !== undefined) {
      assert.throws(() => readImageRef(row.in), ImageRefError, row.in);
      continue;
    }
    const ref = readImageRef(row.in);
    const { domain = '', path, tag, digest, normalized } = row;
    assert.deepEqual(
      [ref.registry, ref.repository, ref.tag, ref.digest, formatImageRef(ref)],
      [domain, path, tag, digest, normalized],
      row.in,
    );
  }
});

const sha = 'a'.repeat(64);

const read: [title: string, given: string, whole: string][] = [
  ['a name alone is an official image', 'alpine', 'docker.io/library/alpine:latest'],
  ['a user of Docker Hub', 'bitnami/redis:7', 'docker.io/bitnami/redis:7'],
  ['the old name of Docker Hub', 'index.docker.io/alpine', 'docker.io/library/alpine:latest'],
  ['another name of its registry', 'registry-1.docker.io/a/b', 'docker.io/a/b:latest'],
  ['a host with a dot', 'foo.azurecr.io/app', 'foo.azurecr.io/app:latest'],
  [
    'the same without a slash, a name on Docker Hub',
    'foo.azurecr.io',
    'docker.io/library/foo.azurecr.io:latest',
  ],
  ['a port', 'localhost:5000/app:1', 'localhost:5000/app:1'],
  ['localhost without a port', 'localhost/app', 'localhost/app:latest'],
  ['a host told by its capital', 'MyReg/app', 'MyReg/app:latest'],
  ['an address of IPv6', '[::1]:5000/app', '[::1]:5000/app:latest'],
  ['tag and digest, both kept', `alpine:3@sha256:${sha}`, `docker.io/library/alpine:3@sha256:${sha}`],
  ['a digest alone, no tag added', `alpine@sha256:${sha}`, `docker.io/library/alpine@sha256:${sha}`],
  ['64 digits behind a host', `r.io/${sha}`, `r.io/${sha}:latest`],
  ['a host that is none, taken for a path', 'foo_bar.x/app', 'foo_bar.x/app:latest'],
  ['a path of 255 characters', `r.io/${'a'.repeat(255)}`, `r.io/${'a'.repeat(255)}:latest`],
  ['a tag of 128 characters', `a:${'t'.repeat(128)}`, `docker.io/library/a:${'t'.repeat(128)}`],
];
for (const [title, given, whole] of read) {
  test(`reads ${title}`, () => assert.equal(formatImageRef(parseImageRef(given)), whole));
}

const refused: [title: string, given: string][] = [
  ['nothing', ''],
  ['a capital in the repository', 'Alpine'],
  ['a capital behind a host', 'r.io/App'],
  ['64 digits alone', sha],
  ['an empty tag', 'alpine:'],
  ['a tag of 129 characters', `a:${'t'.repeat(129)}`],
  ['a path of 256 characters', `r.io/${'a'.repeat(256)}`],
  ['a path that is too long on Docker Hub only, with library/', 'a'.repeat(248)],
  ['two slashes', 'a//b'],
  ['three underscores', 'a___b'],
  ['two dots', 'a..b'],
  ['a port without digits', 'host:/a'],
  ['a short digest', 'a@sha256:abc'],
  ['a digest in capitals', `a@sha256:${'A'.repeat(64)}`],
  ['an algorithm that no registry uses', `a@md5:${'a'.repeat(32)}`],
  ['an accent', 'é/app'],
  ['a line break', 'alpine\n'],
];
for (const [title, given] of refused) {
  test(`refuses ${title}`, () => assert.throws(() => parseImageRef(given), ImageRefError));
}

test.run();
