import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import { choose, inTurns, oneOfEach, type Tier } from './tier.ts';

const drawing = "import { byTier } from '../tier.ts';";
const all = Object.entries({
  'test/rules/pure.test.ts': "import { test } from 'uvu';",
  'test/rules/drawn.test.ts': drawing,
  'test/infra/programs.test.ts': '// Tier: normal, it starts programs.\n',
  'test/stack/az/short.test.ts': '',
  'test/stack/az/rows.test.ts': "import { someRows } from '../../tier.ts';",
  'test/stack/az/tests.test.ts': "import {\n  byTier,\n  longTest,\n} from '../../tier.ts';",
  'test/stack/az/story.test.ts': '// Tier: long, it waits for minutes.\n',
  'test/stack/az/drawnStory.test.ts': `// Tier: long, it is a storm.\n${drawing}`,
  'test/stack/az/asks.test.ts': "import { tier } from '../../tier.ts';",
  'test/stack/az/noReason.test.ts': '// Tier: long\n',
}).map(([path, text]) => ({ path, text }));

const rows: [title: string, args: string[], tier: Tier, names: string, left: number, isNamed: boolean][] = [
  ['fast has what starts nothing', ['fast'], 'fast', 'pure drawn', 0, false],
  ['fast with a pattern', ['fast', 'pure'], 'fast', 'pure', 0, false],
  ['fast with the pattern of a stack test', ['fast', 'story'], 'fast', '', 0, false],
  [
    'npm test leaves the stories, which say why',
    [],
    'normal',
    'pure drawn programs short rows tests asks noReason',
    2,
    false,
  ],
  ['a story that is named is run', ['az/story'], 'normal', 'story', 0, true],
  ['so is each of several', ['pure', 'tory'], 'normal', 'pure story drawnStory', 0, true],
  [
    'long has the stories and what does more in it',
    ['--tier=long'],
    'long',
    'drawn rows tests story drawnStory',
    0,
    false,
  ],
  ['long with a pattern', ['--tier=long', 'rows'], 'long', 'rows', 0, false],
  [
    'a tier that is named takes no more for a pattern',
    ['--tier=normal', 'story|rows'],
    'normal',
    'rows',
    1,
    false,
  ],
  ['a pattern that is the name of a tier, but fast', ['long'], 'normal', '', 0, true],
  [
    'no pattern where a variable is empty',
    [''],
    'normal',
    'pure drawn programs short rows tests asks noReason',
    2,
    false,
  ],
  ['a pattern that nothing matches', ['nothing'], 'normal', '', 0, true],
];
for (const [title, args, tier, names, left, isNamed] of rows)
  test(title, () => {
    const chosen = choose(all, args);
    const found = chosen.files.map((file) => /(\w+)\.test\.ts$/.exec(file)![1]);
    assert.deepEqual(
      { tier: chosen.tier, names: found.join(' '), left: chosen.left, isNamed: chosen.isNamed },
      { tier, names, left, isNamed },
    );
  });

for (const [title, args, says] of [
  ['an option that there is not', ['--tier=lnog', 'rows'], /'--tier=lnog' is unknown/],
  ['another program’s option', ['--watch'], /'--watch' is unknown/],
  ['fast and long', ['--tier=long', 'fast'], /--tier=long and fast are two tiers/],
  ['one tier twice', ['fast', '--tier=fast'], /two tiers/],
] as const)
  test(`refused: ${title}`, () => assert.throws(() => choose(all, [...args]), says));

test('npm test and test:long together run every file', () => {
  const both = new Set([...choose(all, []).files, ...choose(all, ['--tier=long']).files]);
  assert.equal(both.size, all.length);
});

test('what depends on the tier is a test file, so that the long tier has it', () => {
  const others = readdirSync(import.meta.dirname, { recursive: true, encoding: 'utf8' })
    .filter((name) => /(?<!\.test)\.ts$/.test(name))
    .filter((name) =>
      /import \{[^}]*\b(tier|byTier|someRows|somePairs|longTest)\b[^}]*\} from '[./]+\/tier\.ts'/.test(
        readFileSync(join(import.meta.dirname, name), 'utf8'),
      ),
    );
  assert.deepEqual(others, []);
});

const tables: [title: string, rows: string[], taken: string[]][] = [
  ['none of none', [], []],
  ['the only one', ['a1'], ['a1']],
  ['the first of one kind', ['a1', 'a2', 'a3'], ['a1']],
  ['one of each, in their order', ['b1', 'a1', 'b2', 'c1', 'a2'], ['b1', 'a1', 'c1']],
  ['all where each is its own kind', ['a', 'b', 'c'], ['a', 'b', 'c']],
  ['the same each time', ['a2', 'a1', 'b1'], ['a2', 'b1']],
];
for (const [title, given, taken] of tables)
  test(`of a table's rows, ${title}`, () =>
    assert.deepEqual(
      oneOfEach(given, ([kind]) => kind),
      taken,
    ));

const turns: [title: string, ones: string, others: string, pairs: string][] = [
  ['fewer ones', 'ab', '123', 'a1 a3 b2'],
  ['fewer others', 'abc', '12', 'a1 b2 c1'],
  ['as many', 'ab', '12', 'a1 b2'],
  ['a single one', 'a', '123', 'a1 a2 a3'],
  ['no one', '', '12', ''],
  ['no other', 'ab', '', ''],
];
for (const [title, ones, others, pairs] of turns)
  test(`of two tables each row is taken, ordered by the first: ${title}`, () =>
    assert.equal(
      inTurns([...ones], [...others])
        .map((pair) => pair.join(''))
        .join(' '),
      pairs,
    ));

test.run();
