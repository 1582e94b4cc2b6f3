import assert from 'node:assert/strict';
import { test } from 'uvu';
import { parseAcrBuildLog } from '../../../shared/adapters/engine/acrBuildLog.ts';

const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
const log = (text: string) =>
  `some lines\r\nof a build\r\nThe following dependencies were found:\r\n${text.trim().replaceAll('\n', '\r\n')}\r\n`;
const image = `- image:
    registry: appacr.azurecr.io
    repository: helloworld
    tag: ca1
    digest: ${digest('a')}`;
const runtime = `  runtime-dependency:
    registry: baseacr.azurecr.io
    repository: baseimages/node
    tag: 15-alpine
    digest: ${digest('b')}`;
const buildtime = `  buildtime-dependency:
  - registry: registry.hub.docker.com
    repository: library/golang
    tag: "1.22"
    digest: ${digest('c')}
  - registry: mcr.microsoft.com
    repository: dotnet/sdk
    tag: 8.0
    digest: ${digest('d')}`;
const git = `  git:
    git-head-revision: 0123456`;
const node = { image: 'baseacr.azurecr.io/baseimages/node:15-alpine', type: 'RunTime', digest: digest('b') };
const sdk = { image: 'mcr.microsoft.com/dotnet/sdk:8.0', type: 'BuildTime', digest: digest('d') };
const golang = { image: 'docker.io/library/golang:1.22', type: 'BuildTime', digest: digest('c') };

const rows: [title: string, text: string, found: object[]][] = [
  ['the base image of the last stage', `${image}\n${runtime}\n${git}`, [node]],
  ['build stages beside it', `${image}\n${runtime}\n${buildtime}\n${git}`, [node, golang, sdk]],
  ['two tags of one build, once', `${image}\n${runtime}\n${image}\n${runtime}`, [node]],
  ['an image on scratch', image, []],
  ['a base without a tag is left out', `${image}\n${runtime.replace('15-alpine', '')}`, []],
  ['a base without a digest is left out', `${image}\n${runtime.replace(digest('b'), '')}`, []],
];
for (const [title, text, found] of rows)
  test(`reads: ${title}`, () => assert.deepEqual(parseAcrBuildLog(log(text)), found));

test('a log without the list does not say that there are none', () =>
  assert.equal(parseAcrBuildLog('nothing\r\nof the kind'), undefined));
test('the last list counts', () =>
  assert.deepEqual(parseAcrBuildLog(log(`${image}\n${runtime}`) + log(image)), []));

test.run();
