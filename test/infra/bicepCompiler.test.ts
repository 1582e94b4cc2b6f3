// Tier: normal, it starts programs.
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import { bicepVersion, findBicep } from '../../infra/bicep/compiler.ts';
import { root, text } from './infraFiles.ts';

const folder = mkdtempSync(join(tmpdir(), 'plinth-bicep-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

const bicepSays = (version: string, mark: string) =>
  `[ "$1" != --version ] || { echo "Bicep CLI version ${version} (abc)"; exit; }; echo "${mark} $*"`;
/** Text of a program that writes another one where `put` names, with the right to be run. */
const puts = (put: string, program: string) => `f=${put}
/bin/mkdir -p "$(/usr/bin/dirname "$f")"
/bin/cat > "$f" <<'END'
#!/bin/sh
${program}
END
/bin/chmod +x "$f"`;
const azInstalls = (version: string) => puts('"$AZURE_CONFIG_DIR/bin/bicep"', bicepSays(version, 'az'));
const dotnetRestores = (version: string) =>
  puts(
    `"$4/azure.bicep.commandline.linux-${process.arch}/${bicepVersion}/tools/bicep"`,
    bicepSays(version, 'nuget'),
  );
const fails = (why: string) => `echo 'first line' >&2; echo '${why}' >&2; exit 1`;

/** Programs of a machine, and what is found there: the mark of a compiler, or what is said of why there is none. */
const machines: [title: string, programs: Record<string, string>, found: string | RegExp[]][] = [
  ['bicep on the path', { bicep: bicepSays(bicepVersion, 'path'), az: fails('not asked') }, 'path'],
  [
    'bicep of another version, and az',
    { bicep: bicepSays('0.30.1', 'path'), az: azInstalls(bicepVersion) },
    'az',
  ],
  ['az alone', { az: azInstalls(bicepVersion), dotnet: fails('not asked') }, 'az'],
  [
    'az that cannot fetch, and dotnet',
    { az: fails('no network'), dotnet: dotnetRestores(bicepVersion) },
    'nuget',
  ],
  [
    'az that installs another version, and dotnet',
    { az: azInstalls('0.30.1'), dotnet: dotnetRestores(bicepVersion) },
    'nuget',
  ],
  ['dotnet alone', { dotnet: dotnetRestores(bicepVersion) }, 'nuget'],
  ['nothing', {}, [/bicep on the path: .*ENOENT/, /az bicep: .*ENOENT/, /the NuGet package: .*ENOENT/]],
  [
    'only compilers of other versions, and a feed that does not answer',
    { bicep: bicepSays('0.30.1', 'path'), az: azInstalls('0.31.0'), dotnet: fails('NU1301') },
    [/bicep on the path: is 0\.30\.1/, /az bicep: is 0\.31\.0/, /the NuGet package: NU1301/],
  ],
];

function find(programs: Record<string, string>) {
  const machine = mkdtempSync(join(folder, 'machine-'));
  for (const [name, program] of Object.entries(programs)) {
    writeFileSync(join(machine, name), `#!/bin/sh\n${program}\n`);
    chmodSync(join(machine, name), 0o755);
  }
  const { PATH } = process.env;
  const { error } = console;
  const said: string[] = [];
  process.env.PATH = machine;
  console.error = (line: string) => said.push(line);
  try {
    const bicep = findBicep(join(machine, 'cache'));
    return { said: said.join('\n'), ran: bicep?.(machine, 'build', 'a.bicep') };
  } finally {
    process.env.PATH = PATH;
    console.error = error;
  }
}

for (const [title, programs, found] of machines)
  test(`the compiler of a machine with ${title}`, () => {
    const { said, ran } = find(programs);
    if (typeof found === 'string') {
      assert.equal(ran?.stdout.trim(), `${found} build a.bicep`);
      assert.equal(said, '');
    } else {
      assert.equal(ran, undefined);
      for (const reason of found) assert.match(said, reason);
    }
  });

test('what a compiler says on stderr comes back though it ended well', () => {
  mkdirSync(folder, { recursive: true });
  const warns = `${bicepSays(bicepVersion, 'path')}; echo 'a.bicep(1,1) : Warning BCP081: …' >&2`;
  const { ran } = find({ bicep: warns });
  assert.equal(ran?.status, 0);
  assert.match(ran!.stderr, /Warning BCP081/);
});

test('every entry has parameters, and a snapshot of what it deploys with them', () => {
  for (const entry of ['main', 'group', 'events']) {
    assert.match(text(`test/fixtures/infra/${entry}.bicepparam`), new RegExp(`infra/${entry}\\.bicep`));
    const { predictedResources, diagnostics } = JSON.parse(
      text(`test/fixtures/infra/${entry}.snapshot.json`),
    );
    assert.ok(predictedResources.length > 0, entry);
    assert.deepEqual(diagnostics, [], 'every module is evaluated: what-if can foresee all of it');
  }
});

test('the gate and the workflow run it where no compiler fails', () => {
  assert.match(readFileSync(join(root, '.ci/run'), 'utf8'), /^CI=true npm run check:infra$/m);
  assert.match(text('.github/workflows/ci.yml'), /run: npm run check:infra$/m);
});

test.run();
