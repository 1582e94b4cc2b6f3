import assert from 'node:assert/strict';
import { test } from 'uvu';
import { stepPlatform } from '../../../local/runEngine/steps/buildStep.ts';
import { shellWord } from '../../../local/runEngine/steps/shellWord.ts';

const words: [title: string, text: string, word: string | undefined][] = [
  ['plain', 'MY=x', 'MY=x'],
  ['single quotes', "MY='x'", 'MY=x'],
  ['double quotes', 'MY="x y"', 'MY=x y'],
  ['quotes around all of it', "'MY=x y'", 'MY=x y'],
  ['quotes in quotes', `MY='"x"'`, 'MY="x"'],
  ['a backslash', 'MY=x\\ y', 'MY=x y'],
  ['a quote that is escaped', "MY=it\\'s", "MY=it's"],
  ['nothing in quotes', "MY=''", 'MY='],
  ['no value', 'MY=', 'MY='],
  ['an equals sign more', "MY='a=b'", 'MY=a=b'],
  ['two words', 'MY=x y', undefined],
  ['a quote that is not closed', "MY='x", undefined],
  ['nothing', '', undefined],
];
for (const [title, text, word] of words)
  test(`a variable of a step is a word of the shell that runs docker: ${title}`, () =>
    assert.equal(shellWord(text), word));

const arm = { os: 'Linux', architecture: 'arm', variant: 'v7' } as Parameters<typeof stepPlatform>[1];
const x86 = { os: 'Linux', architecture: 'x86' } as Parameters<typeof stepPlatform>[1];
const platforms: [title: string, named: string | undefined, ofRun: typeof arm, platform: string][] = [
  ['none', undefined, arm, 'linux/arm/v7'],
  ['an empty one', '', x86, 'linux/386'],
  ['linux alone', 'linux', arm, 'linux/arm/v7'],
  ['Linux alone', 'Linux', x86, 'linux/386'],
  ['an architecture', 'linux/amd64', arm, 'linux/amd64'],
  ['an architecture and a variant', 'linux/arm64/v8', x86, 'linux/arm64/v8'],
  ['an architecture alone', 'arm64', x86, 'arm64'],
];
for (const [title, named, ofRun, platform] of platforms)
  test(`a build step that names ${title} is built for ${platform}`, () =>
    assert.equal(stepPlatform(named, ofRun), platform));

test.run();
