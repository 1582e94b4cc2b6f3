import assert from 'node:assert/strict';
import { test } from 'uvu';
import { pageOfRuns } from '../../../local/runEngine/api/runFilter.ts';
import { targetImages } from '../../../local/runEngine/api/targetImages.ts';
import { authFile, registriesConf } from '../../../local/runEngine/build/builderFiles.ts';
import { readBuildOutput } from '../../../local/runEngine/build/buildOutput.ts';
import { lineCutter } from '../../../local/runEngine/run/lines.ts';
import { maskOf } from '../../../local/runEngine/run/mask.ts';
import { runIds } from '../../../local/runEngine/run/runId.ts';
import type { RunRecord } from '../../../local/runEngine/run/runRecord.ts';
import { parseSourceLocation, secretsOf } from '../../../local/runEngine/source/sourceLocation.ts';

const masks: [title: string, secrets: string[], text: string, masked: string][] = [
  ['a secret', ['abc'], 'x abc y abc', 'x *** y ***'],
  ['the longer of two first', ['abc', 'abcdef'], 'abcdef abc', '*** ***'],
  ['characters that a pattern would read', ['a.*(b)|$'], 'a.*(b)|$ axxb', '*** axxb'],
  ['each line of a key', ['-----\nline1\r\nline2'], 'saw line2', 'saw ***'],
  ['nothing for an empty one', ['', '\n'], 'text', 'text'],
];
for (const [title, secrets, text, masked] of masks)
  test(`masks ${title}`, () => assert.equal(maskOf(secrets)(text), masked));

test('cuts output into lines, and an endless line nowhere inside a secret', async () => {
  const lines: string[] = [];
  const mask = maskOf(['secret']);
  const cutter = lineCutter(mask, async (line) => {
    lines.push(mask(line));
  });
  await cutter.add('one\r\ntw');
  await cutter.add('o\n');
  for (let n = 0; n < 40_000; n++) await cutter.add(n % 2 === 0 ? 'se' : 'cret');
  await cutter.end();
  assert.deepEqual(lines.slice(0, 2), ['one', 'two']);
  assert.ok(lines.length > 3, 'the endless line is passed on in parts');
  assert.match(lines.slice(2).join(''), /^\*+$/);
});

const steps = 'STEP 2/3: RUN exit 3';
const outputs: [title: string, said: string[], exitCode: number, fault: RegExp][] = [
  [
    'a command',
    [steps, 'Error: building at STEP "RUN exit 3": while running runtime: exit status 3'],
    3,
    /^Step 2\/3 \(RUN exit 3\) failed: while running runtime: exit status 3\. The log/,
  ],
  [
    'a base, by its own name',
    [
      'STEP 1/1: FROM a.io/b',
      'Error: creating build container: initializing source docker://a.io/b: reading manifest latest in localhost:1/b: manifest unknown',
    ],
    125,
    /^Step 1\/1 \(FROM a\.io\/b\) failed: reading manifest latest in a\.io\/b: manifest unknown\. There is no such image/,
  ],
  ['silence', [], 137, /^The build failed: exit status 137\./],
];
for (const [title, said, exitCode, fault] of outputs)
  test(`tells why a build failed: ${title}`, () => {
    const output = readBuildOutput((text) => text.replaceAll('localhost:1', 'a.io'));
    for (const line of said) output.line(line);
    assert.match(output.fault(exitCode), fault);
  });

test("writes a step as ACR's log has it, and leaves out what tells nothing", () => {
  const output = readBuildOutput((text) => text);
  assert.equal(output.line(steps), 'Step 2/3 : RUN exit 3');
  assert.equal(output.line('Storing signatures'), undefined);
  assert.equal(output.line('a line of the build'), 'a line of the build');
});

const secretsIn: [location: string, secrets: string[]][] = [
  ['https://ghp_x@github.com/a/b.git#main', ['ghp_x']],
  ['https://user:p%40ss@host/b.git', ['p%40ss', 'p@ss']],
  ['https://acc.blob.core.windows.net/c/x.tar.gz?sv=2018-11-09&sp=r&sig=ab%2Bc', ['ab%2Bc', 'ab+c']],
  ['source/202611230000/3e1d0c2a-0000-4000-8000-000000000000.tar.gz', []],
];
for (const [location, secrets] of secretsIn)
  test(`finds the secrets of ${location}`, () =>
    assert.deepEqual([...new Set(secretsOf(parseSourceLocation(location)))], secrets));

const run = {
  runId: 'ca1',
  createTime: new Date('2018-10-08T15:43:32Z'),
  os: 'Linux',
  architecture: 'amd64',
};
const names: [name: string, image: string][] = [
  ['a', 'app.io/a:latest'],
  ['team/a:1', 'app.io/team/a:1'],
  ['app.io/a:{{.Run.ID}}', 'app.io/a:ca1'],
  ['other.io/a', 'other.io/a:latest'],
  ['a:{{ .Run.Date }}', 'app.io/a:20181008-154332z'],
  ['{{.Run.Registry}}/a', 'app.io/a:latest'],
];
for (const [name, image] of names)
  test(`the image name ${name} means ${image}`, () => {
    const [made] = targetImages([name], run, { name: 'app', loginServer: 'app.io' }, ['other.io']);
    assert.equal(`${made?.registry}/${made?.repository}:${made?.tag}`, image);
  });

test('run ids count on in base 36 from those given before', () => {
  const ids = runIds(1, ['cbz', 'cb2', 'caff']);
  assert.deepEqual([ids.next(), ids.next()], ['cb10', 'cb11']);
});

const records = new Map(
  ['ca1', 'ca2', 'ca3'].map((runId) => [
    runId,
    { runId, status: 'Failed', outputImages: [] } as unknown as RunRecord,
  ]),
);
const filters: [filter: string, top: string | null, found: string[]][] = [
  ['', null, ['ca3', 'ca2', 'ca1']],
  ['', '2', ['ca3', 'ca2']],
  ["RunId eq 'CA2'", null, ['ca2']],
  ["status eq 'failed' and RunId eq 'ca1'", '9', ['ca1']],
  ["TaskName eq 'a and b'", null, []],
  ["contains(OutputImageManifests, 'a@sha256:0')", null, []],
];
for (const [filter, top, found] of filters)
  test(`lists ${found.join(', ') || 'nothing'} for "${filter}", top ${top}`, () => {
    const { page } = pageOfRuns(records, { filter, top, skipToken: null });
    assert.deepEqual(
      page.map(({ runId }) => runId),
      found,
    );
  });
for (const filter of [
  "Status eq 'a' or Status eq 'b'",
  "Status ne 'a'",
  "Status eq 'a' and",
  'Status eq a',
  "__proto__ eq 'a'",
])
  test(`refuses the filter ${filter}`, () =>
    assert.throws(() => pageOfRuns(records, { filter, top: null, skipToken: null }), /is not understood/));

test('sends buildah to the real places, with logins under the names it looks for', () => {
  const endpoints = new Map([
    ['base.io', 'https://localhost:1'],
    ['docker.io/library', 'http://localhost:2/mirror'],
  ]);
  const conf = registriesConf(endpoints);
  assert.match(conf, /prefix = "base.io"\nlocation = "localhost:1"\ninsecure = false/);
  assert.match(conf, /prefix = "docker.io\/library"\nlocation = "localhost:2\/mirror"\ninsecure = true/);
  const auths = JSON.parse(
    authFile(new Map([['base.io', { username: 'u', password: 'p' }]]), endpoints),
  ).auths;
  assert.deepEqual(Object.keys(auths), ['base.io', 'localhost:1']);
});

test.run();
