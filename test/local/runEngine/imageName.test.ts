import assert from 'node:assert/strict';
import { test } from 'uvu';
import { imageName, localName } from '../../../local/runEngine/build/imageName.ts';
import { RunFailure } from '../../../local/runEngine/types.ts';

const digest = `sha256:${'0'.repeat(64)}`;

// What docker makes of a name, by distribution/reference's own normalize_test.go.
const names: [text: string, stored: string][] = [
  ['alpine', 'docker.io/library/alpine:latest'],
  ['alpine:3.18', 'docker.io/library/alpine:3.18'],
  ['docker/docker', 'docker.io/docker/docker:latest'],
  ['index.docker.io/foo', 'docker.io/library/foo:latest'],
  ['registry.hub.docker.com/library/golang:1.22', 'docker.io/library/golang:1.22'],
  ['localhost/foo', 'localhost/foo:latest'],
  ['localhost:5000/foo/bar:1', 'localhost:5000/foo/bar:1'],
  ['[::1]:5000/foo', '[::1]:5000/foo:latest'],
  ['baseacr.azurecr.io/os/base:1', 'baseacr.azurecr.io/os/base:1'],
  ['BaseAcr.azurecr.io:443/base', 'baseacr.azurecr.io/base:latest'],
  ['Uppercase/lowercase', 'uppercase/lowercase:latest'],
  [`alpine@${digest}`, `docker.io/library/alpine@${digest}`],
  [`baseacr.azurecr.io/base:1@${digest}`, `baseacr.azurecr.io/base:1@${digest}`],
];
for (const [text, stored] of names) test(`${text} is ${stored}`, () => assert.equal(localName(text), stored));

test('the parts of a name', () =>
  assert.deepEqual(imageName(`localhost:5000/foo/bar:1@${digest}`), {
    ...{ registry: 'localhost:5000', repository: 'foo/bar', tag: '1', digest },
  }));

for (const text of ['', 'a:b:c', 'foo/Bar', 'docker.io/docker/Docker', 'a@sha256', 'a b', 'https://x.io/a'])
  test(`'${text}' is no name of an image`, () => assert.throws(() => imageName(text), RunFailure));

test.run();
