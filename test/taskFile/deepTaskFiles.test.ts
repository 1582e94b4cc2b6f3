import assert from 'node:assert/strict';
import { test } from 'uvu';
import {
  engineText,
  parseValuesFile,
  readTaskFile,
  TaskFileError,
  type TemplateData,
} from '../../shared/taskFile/taskFile.ts';

const data = { run: { ID: 'ca1' }, values: {}, secrets: {} } as unknown as TemplateData;
const step = (text: string) => `steps:\n  - cmd: bash echo ${text}\n`;

function asTask(text: string): void {
  readTaskFile(text, data);
  engineText(text, data, []);
}
function refusal(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    assert.ok(error instanceof TaskFileError, String(error));
    return error.message;
  }
  return '';
}

/** What is in one another so many times. */
const deep: [title: string, text: (levels: number) => string][] = [
  ['lists in brackets', (levels) => `a: ${'['.repeat(levels)}${']'.repeat(levels)}`],
  ['maps in braces', (levels) => `a: ${'{b: '.repeat(levels)}1${'}'.repeat(levels)}`],
  ['lists in one line', (levels) => `a:\n  ${'- '.repeat(levels)}x`],
  ['lists that are not closed', (levels) => `a: ${'['.repeat(levels)}`],
  ['keys in brackets', (levels) => `${'? ['.repeat(levels)}x${']'.repeat(levels)}: y`],
  ['lists behind an anchor', (levels) => `a: &b ${'['.repeat(levels)}${']'.repeat(levels)}\nc: *b`],
  ['lists in a second document', (levels) => `a: b\n---\n${'['.repeat(levels)}${']'.repeat(levels)}`],
];
const inLines = (levels: number) =>
  Array.from({ length: levels }, (_, at) => `${' '.repeat(at)}a${at}:`).join('\n');

const said = /more than 100 lists and maps in one another/;
for (const [title, text] of [...deep, ['maps line below line', inLines] as const]) {
  // The last is of the square of its levels.
  const most = title === 'maps line below line' ? [1000] : [1000, 5000, 20_000];
  for (const levels of most)
    test(`${levels} ${title} are refused in a sentence, in a values file and in a task file`, () => {
      assert.match(
        refusal(() => parseValuesFile(text(levels))),
        said,
      );
      assert.match(
        refusal(() => asTask(`${text(levels)}\n`)),
        said,
      );
    });
  if (!/not closed/.test(title))
    test(`40 ${title} are read`, () => {
      assert.equal(
        refusal(() => parseValuesFile(text(40))),
        '',
      );
    });
}

const brackets = (levels: number) => step(`{{${'('.repeat(levels)}.Run.ID${')'.repeat(levels)}}}`);
for (const levels of [65, 5000, 20_000])
  test(`${levels} brackets of a template in one another are refused in a sentence`, () => {
    assert.match(
      refusal(() => asTask(brackets(levels))),
      /more than 64 brackets are in one another/,
    );
  });
test('64 of them are read', () =>
  assert.equal(
    refusal(() => asTask(brackets(64))),
    '',
  ));

const notClosed = /\{\{ is not closed by \}\}/;
const costly: [title: string, text: string, said: RegExp][] = [
  ['that open', '{{'.repeat(500_000), notClosed],
  ['that open a bracket', '{{(('.repeat(200_000), notClosed],
  ['that open a text', '{{ "'.repeat(200_001), notClosed],
  ['that open a raw text', '{{ `'.repeat(200_001), notClosed],
  ['that open a comment', '{{/*'.repeat(200_000), notClosed],
  ['that open with blanks', `${'{{ '.repeat(200_000)}`, notClosed],
  ['of which the first alone is not closed', `{{ "a }} ${'{{.Run.ID}} '.repeat(20)}`, notClosed],
];
for (const [title, text, refused] of costly)
  test(`many templates ${title} are refused at once: each is not looked for to the end of the file`, () => {
    const begun = process.cpuUsage().user;
    assert.match(
      refusal(() => asTask(step(text))),
      refused,
    );
    // In quadratic time it would be hours.
    assert.ok(process.cpuUsage().user - begun < 20e6);
  });

test.run();
