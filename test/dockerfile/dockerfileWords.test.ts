import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import { newBudget } from '../../shared/dockerfile/syntax/budget.ts';
import { DockerfileRefusal } from '../../shared/dockerfile/syntax/errors.ts';
import { heredocsOfLine } from '../../shared/dockerfile/syntax/heredocs.ts';
import { parseJsonForm } from '../../shared/dockerfile/syntax/jsonForm.ts';
import { quotedWords } from '../../shared/dockerfile/syntax/quotedWords.ts';
import { expandWord } from '../../shared/dockerfile/syntax/words.ts';

function expand(word: string, env: Record<string, string> = {}, escapeChar = '\\'): string {
  const values = new Map(Object.entries(env));
  return expandWord(word, { escapeChar, lookUp: (name) => values.get(name), budget: newBudget() });
}

type Row = { word: string; env: string[]; escape: string; result?: string; error?: string };
const file = join(import.meta.dirname, '../fixtures/dockerfiles/words.json');
const table = JSON.parse(readFileSync(file, 'utf8')) as Row[];

test(`expands ${table.length} words as BuildKit's shell lexer`, () => {
  for (const { word, env, escape: escapeChar, result, error } of table) {
    const values = Object.fromEntries(env.map((pair) => pair.split(/=(.*)/s).slice(0, 2)));
    if (error === undefined) assert.equal(expand(word, values, escapeChar), result, word);
    else assert.throws(() => expand(word, values, escapeChar), DockerfileRefusal, word);
  }
});

const E = { V: 'v1', EMPTY: '', PATH: 'a/b/c', STAR: 'a*b' };
const expanded: [title: string, word: string, result: string][] = [
  ['a default for what is not set', '${NO:-d}', 'd'],
  ['a default for what is empty', '${EMPTY:-d}', 'd'],
  ['no default for what is empty, without the colon', '${EMPTY-d}', ''],
  ['what is written for what is set', '${V:+y}', 'y'],
  ['nothing for what is empty', '${EMPTY:+y}', ''],
  ['what is written for what is empty, without the colon', '${EMPTY+y}', 'y'],
  ['the shortest prefix', '${PATH#*/}', 'b/c'],
  ['the longest prefix', '${PATH##*/}', 'c'],
  ['the shortest suffix', '${PATH%/*}', 'a/b'],
  ['the longest suffix', '${PATH%%/*}', 'a'],
  ['the first match', '${PATH/\\//-}', 'a-b/c'],
  ['every match', '${PATH//\\//-}', 'a-b-c'],
  ['a star once, where JavaScript would match again at the end', '${PATH//*/x}', 'x'],
  ['the match itself for $0, as in Go', "${PATH//b/'$0$0'}", 'a/bb/c'],
  ['nothing for any other group', "${PATH//b/'$1'}", 'a//c'],
  ['an escaped star', '${STAR%\\**}', 'a'],
  ['brackets as they are', '${PATH#[a]}', 'a/b/c'],
  ['an escaped brace in a default', '${NO:-\\}}', '}'],
  ['a default inside a default', '${NO:-${NO2:-${V}}}', 'v1'],
  ['quotes inside a default inside quotes', `"\${NO:-'x'}"`, 'x'],
  ['nothing in single quotes', "'$V'", '$V'],
  ['a variable in double quotes', '"$V"', 'v1'],
  ['a backslash before a letter in double quotes', '"\\a"', '\\a'],
  ['a dollar at the end', 'x$', 'x$'],
  ['a name of letters that are not ASCII, which is not set', '$été!', '!'],
  ['digits as a name of their own', '$12a', 'a'],
  ['a byte order mark at the start, which Go drops', '\uFEFFx', 'x'],
  ['a backslash at the end, which escapes nothing', 'x\\', 'x'],
];
for (const [title, word, result] of expanded)
  test(`expands ${title}`, () => assert.equal(expand(word, E), result));

const refused: [title: string, word: string][] = [
  ['an open single quote', "'x"],
  ['an open double quote', '"x'],
  ['an open brace', '${V'],
  ['empty braces', '${}'],
  ['two braces', '${{V}}'],
  ['a length', '${#V}'],
  ['a substring', '${V:0:1}'],
  ['an assignment', '${NO:=x}'],
  ['a change of case', '${V^^}'],
  ['a colon before a pattern', '${V:#v}'],
  ['a replacement without its second slash', '${V/x}'],
  ['what is not set and must be', '${NO?}'],
  ['what is empty and must not be', '${EMPTY:?}'],
  ['a fault in a default that is not used', '${V:-${}}'],
  ['an escape of a letter in a pattern', '${V#\\a}'],
];
for (const [title, word] of refused)
  test(`refuses ${title}`, () => assert.throws(() => expand(word, E), DockerfileRefusal));

test('refuses a word that would grow without end', () => {
  assert.throws(() => expand('$A'.repeat(100), { A: 'a'.repeat(100_000) }), DockerfileRefusal);
});
test('matches many stars without backtracking', () => {
  assert.equal(expand(`\${A#${'*a'.repeat(30)}b}`, { A: 'a'.repeat(2000) }), 'a'.repeat(2000));
});
test('nests a hundred thousand deep', () => {
  const deep = 100_000;
  assert.equal(expand(`${'${A:-'.repeat(deep)}x${'}'.repeat(deep)}`), 'x');
});

const heredocs: [title: string, line: string, terminators: string[]][] = [
  ['one', 'RUN cat <<EOF', ['EOF']],
  ['one of a file descriptor', 'RUN 3<<EOF', ['EOF']],
  ['one behind a space', 'RUN cat <<  EOF', ['EOF']],
  ['two on a line', 'RUN cat <<A <<-B', ['A', 'B']],
  ['a quoted name with a space', 'RUN <<"E F"', ['E F']],
  ['an escaped name', 'RUN <<\\EOF', ['EOF']],
  ['a name that is not expanded', 'RUN <<$EOF', ['$EOF']],
  ['the end of arithmetic with spaces', 'RUN echo $((1 << 2))', ['2))']],
  ['none in arithmetic without spaces', 'RUN echo $((1<<2))', []],
  ['none glued to a word', 'RUN x<<EOF', []],
  ['none in quotes', 'RUN "<<EOF"', []],
  ['none in a here string', 'RUN cat <<<EOF', []],
  ['none behind an unbalanced quote', "RUN don't <<EOF", []],
  ['none behind a substitution that the lexer does not know', 'RUN ${X^^} <<EOF', []],
];
for (const [title, line, terminators] of heredocs) {
  test(`sees in a line ${title}`, () => {
    const found = heredocsOfLine(line, newBudget());
    assert.deepEqual(
      found.map(({ terminator }) => terminator),
      terminators,
    );
  });
}

const jsonForms: [title: string, text: string, form: ReturnType<typeof parseJsonForm>][] = [
  ['strings', ' ["a", "b\\u0041"] ', ['a', 'bA']],
  ['no strings', '[]', []],
  ['a number', '["a", 1]', 'not strings'],
  ['an object', '[{"a": [1.5e3, null]}]', 'not strings'],
  ['an array in the array', '[["a"]]', 'not strings'],
  ['a number too large for Go', '[1e999]', undefined],
  ['a test of the shell', '[ -f x ] && y', undefined],
  ['a comma too many', '["a",]', undefined],
  ['text behind it', '["a"] b', undefined],
  ['a control character', '["\t"]', undefined],
  ['single quotes', "['a']", undefined],
  ['a nesting too deep for Go', '['.repeat(10_001) + ']'.repeat(10_001), undefined],
  ['a nesting just deep enough', '['.repeat(10_000) + ']'.repeat(10_000), 'not strings'],
];
for (const [title, text, form] of jsonForms) {
  test(`tells the JSON form: ${title}`, () => assert.deepEqual(parseJsonForm(text), form));
}

const words: [title: string, text: string, escapeChar: string, found: string[]][] = [
  ['quotes', `A="b c" D='e f'`, '\\', ['A="b c"', "D='e f'"]],
  ['an escaped space', 'A=b\\ c', '\\', ['A=b\\ c']],
  ['the other escape character', 'A=b\\ c` d', '`', ['A=b\\', 'c` d']],
  ['an escape character at the end', 'A=b \\', '\\', ['A=b']],
  ['a backslash in single quotes', "A='b\\' c", '\\', ["A='b\\'", 'c']],
  ['a space that is not ASCII', 'A=b\u00a0c', '\\', ['A=b', 'c']],
];
for (const [title, text, escapeChar, found] of words) {
  test(`splits assignments: ${title}`, () => assert.deepEqual(quotedWords(text, escapeChar), found));
}

test.run();
