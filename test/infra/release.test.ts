// Tier: normal, it makes the package, and starts programs.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unzipSync } from 'fflate';
import { test } from 'uvu';
import type { Bicep } from '../../infra/bicep/compiler.ts';
import { filesOfPackage } from '../../infra/package.ts';
import { release } from '../../infra/release.ts';
import { packageOfSource } from '../../local/functionsHost/deployPackage.ts';
import { text } from './infraFiles.ts';

const folder = mkdtempSync(join(tmpdir(), 'plinth-release-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

/** A compiler that takes everything, and one that has a word to say. */
const compiler =
  (stderr: string): Bicep =>
  (_, ...args) => {
    writeFileSync(args.at(-1)!, JSON.stringify({ from: args[1] }));
    return { status: 0, stdout: '', stderr };
  };
const made = join(folder, 'release');
await release(made, compiler(''));
const bytes = (name: string) => readFileSync(join(made, name));
const names = readdirSync(made).sort();
const page = text('docs/deploy-release.md');

test('a release has these files', () => {
  assert.deepEqual(names, [
    'SHA256SUMS',
    'events.json',
    'group.json',
    'main.json',
    'plinth.zip',
    'refresh-key.sh',
    'register-api.sh',
    'replay-dead-letters.sh',
    'rotate-sealing-key.sh',
    'sbom.cdx.json',
  ]);
});

for (const name of names)
  test(`${name} is on the page that deploys a release`, () => assert.ok(page.includes(`\`${name}\``)));

test('the page deploys from files of the release alone', () => {
  const commands = [...page.matchAll(/```(?:bash|sh)(?: azure| machine)?\n([\s\S]*?)```/g)]
    .map(([, block]) => block)
    .join('\n');
  assert.doesNotMatch(commands, /\b(?:infra|docs|dist)\/|npm |node /);
  const used = [...commands.matchAll(/(?:--template-file|--src|--check) (\S+)|\.\/(\S+)/g)].map(
    ([, file, script]) => file ?? script!,
  );
  assert.deepEqual(used, ['SHA256SUMS', 'main.json', 'plinth.zip', 'refresh-key.sh', 'events.json']);
  for (const file of used) assert.ok(names.includes(file), file);
});

for (const name of ['main', 'group', 'events'])
  test(`${name}.json is compiled of infra/${name}.bicep`, () => {
    assert.deepEqual(JSON.parse(bytes(`${name}.json`).toString()), { from: `infra/${name}.bicep` });
  });

test('the zip holds the package, with host.json at its root, and no date', async () => {
  const built = await packageOfSource(join(folder, 'package'));
  const files = filesOfPackage(built);
  const zipped = unzipSync(bytes('plinth.zip'));
  assert.deepEqual(Object.keys(zipped).sort(), [...files.keys()].sort());
  assert.ok('host.json' in zipped);
  for (const [name, content] of Object.entries(zipped))
    assert.ok(Buffer.from(content).equals(readFileSync(join(built, name))), name);
  const date = bytes('plinth.zip').readUInt32LE(10);
  assert.equal(date, ((1 << 5) | 2) * 2 ** 16, 'the second of January 1980, midnight');
});

test('the checksums are those of the files, as sha256sum reads them', () => {
  const lines = bytes('SHA256SUMS').toString().trim().split('\n');
  assert.deepEqual(
    lines,
    names
      .filter((name) => name !== 'SHA256SUMS')
      .map((name) => `${createHash('sha256').update(bytes(name)).digest('hex')}  ${name}`),
  );
});

test('the bill holds what the app is bundled of, in the locked versions, and nothing of development', () => {
  const { bomFormat, metadata, components } = JSON.parse(bytes('sbom.cdx.json').toString());
  assert.equal(bomFormat, 'CycloneDX');
  const { name, version, dependencies, devDependencies } = JSON.parse(text('package.json'));
  assert.deepEqual([metadata.component.name, metadata.component.version], [name, version]);
  const listed = new Map(
    components.map((one: { name: string; group?: string; version: string }) => [
      one.group ? `${one.group}/${one.name}` : one.name,
      one.version,
    ]),
  );
  for (const [dependency, version] of Object.entries(dependencies))
    assert.equal(listed.get(dependency), version, dependency);
  for (const tool of [...Object.keys(devDependencies), 'plinth-local', 'azurite'])
    if (!(tool in dependencies)) assert.equal(listed.get(tool), undefined, tool);
});

test('a template of which Bicep has something to say is no release', async () => {
  const warned = release(join(folder, 'warned'), compiler('main.bicep(1,1) : Warning BCP081: …\n'));
  await assert.rejects(warned, /infra\/main\.bicep: .*BCP081/);
});

test('the workflow of a tag attaches all of it', () => {
  const workflow = text('.github/workflows/release.yml');
  assert.match(workflow, /tags: \["v\*"\]/);
  const steps = ['The tag is the version', 'npm run package', 'gh release create .* dist/release/\\*'];
  const places = steps.map((step) => workflow.search(new RegExp(step)));
  assert.deepEqual(
    places,
    places.toSorted((a, b) => a - b),
  );
  assert.ok(!places.includes(-1), places.join());
});

test.run();
