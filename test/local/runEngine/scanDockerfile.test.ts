import assert from 'node:assert/strict';
import { test } from 'uvu';
import { scanDockerfile } from '../../../local/runEngine/build/scanDockerfile.ts';

const rows: [
  title: string,
  file: string,
  runtime: string | undefined,
  buildtime: string[],
  target?: string,
][] = [
  ['one image', 'FROM node:15', 'node:15', []],
  ['a stage of another', 'FROM golang AS build\nRUN x\nFROM build\n', 'golang', []],
  ['stages beside the last', 'FROM a AS x\nfrom b as y\nFROM c\nCOPY --from=d / /\n', 'c', ['a', 'b']],
  ['the target, and nothing behind it', 'FROM a AS x\nFROM b AS y\nFROM c', 'b', ['a'], 'y'],
  ['the first value of an argument', 'ARG T=1\nARG T=2\nFROM "a:$T"\n', 'a:1', []],
  ['the argument of the build over the file’s', 'ARG GIVEN=1\nFROM a:${GIVEN}-slim', 'a:given-slim', []],
  ['nothing for an argument without a value', 'ARG NONE\nFROM a$NONE:1', 'a:1', []],
  ['no image for scratch', '\uFEFF# FROM z\nFROM a AS x\r\nFROM scratch\r\n', undefined, ['a']],
];
for (const [title, file, runtime, buildtime, target] of rows)
  test(`the engine's scan of a Dockerfile finds ${title}`, () =>
    assert.deepEqual(scanDockerfile(file, [{ name: 'GIVEN', value: "'given'" }], target), {
      runtime,
      buildtime,
    }));

for (const file of ['RUN x', 'FROM', 'FROM --platform=linux/amd64 a', 'FROM a AS', 'ARG\nFROM a'])
  test(`the engine's scan does not understand ${JSON.stringify(file)}`, () =>
    assert.throws(() => scanDockerfile(file, []), /unable to understand|unexpected dockerfile/));

test.run();
