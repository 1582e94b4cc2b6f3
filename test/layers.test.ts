import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'uvu';

const root = join(import.meta.dirname, '..');
const filesOf = (tops: string[]) =>
  tops
    .flatMap((top) =>
      readdirSync(join(root, top), { recursive: true, encoding: 'utf8' }).map((name) => join(top, name)),
    )
    .filter((name) => /\.tsx?$/.test(name));
const files = filesOf(['functions', 'shared']);
const source = new Map(files.map((file) => [file, readFileSync(join(root, file), 'utf8')]));

/** Where a file belongs: the first folder below shared/; `dockerfile/syntax` counts as `dockerfile`. */
function roomOf(file: string): string {
  return file.startsWith('functions/') ? 'functions' : file.split('/')[1]!;
}

/** Files that only say what things are and what follows from them: no clock, no chance, no network, no disk. */
const pure = ['names', 'model', 'rules', 'graph', 'events', 'api', 'dockerfile', 'taskFile'];

/** What each room may import, itself included. */
const below: Record<string, string[]> = {
  functions: ['edge', 'flow', 'telemetry', 'ports', ...pure],
  edge: ['edge', 'adapters', 'flow', 'telemetry', 'ports', ...pure],
  adapters: ['adapters', 'telemetry', 'ports', ...pure],
  flow: ['flow', 'ports', ...pure],
  telemetry: ['telemetry', 'ports', ...pure],
  ports: ['ports', ...pure],
  api: ['api', 'graph', 'rules', 'model', 'names'],
  graph: ['graph', 'rules', 'model', 'names'],
  events: ['events', 'model', 'names'],
  rules: ['rules', 'events', 'model', 'names'],
  taskFile: ['taskFile', 'model', 'names'],
  dockerfile: ['dockerfile', 'names'],
  model: ['model', 'names'],
  names: ['names'],
};

/** Packages and the only places that may import them. */
const packages: Record<string, RegExp> = {
  '@azure/functions':
    /^(functions\/|shared\/edge\/(answering\/answered|http|invoke|logServer|log|pageServer|webhookServer)\.ts$)/,
  '@opentelemetry/api': /^shared\/adapters\/telemetry\/otel(Telemetry|Export)\.ts$/,
  '@opentelemetry/resources': /^shared\/adapters\/telemetry\/otelExport\.ts$/,
  '@opentelemetry/sdk-metrics': /^shared\/adapters\/telemetry\/otelExport\.ts$/,
  '@opentelemetry/sdk-trace-base': /^shared\/adapters\/telemetry\/otelExport\.ts$/,
  '@opentelemetry/exporter-trace-otlp-http': /^shared\/adapters\/telemetry\/otelExport\.ts$/,
  '@opentelemetry/exporter-metrics-otlp-http': /^shared\/adapters\/telemetry\/otelExport\.ts$/,
  '@azure/monitor-opentelemetry-exporter': /^shared\/adapters\/telemetry\/otelExport\.ts$/,
  '@azure/data-tables': /^shared\/(adapters\/storage\/(table[A-Za-z]*|storageTime)|edge\/wiring)\.ts$/,
  '@azure/storage-queue': /^shared\/(adapters\/storage\/storageQueue|edge\/wiring)\.ts$/,
  '@azure/identity':
    /^shared\/adapters\/(secrets\/(identityToken|keyVault)|registry\/(acrRegistry|identityLogin|sdkReader)|engine\/armClient|telemetry\/otelExport)\.ts$/,
  '@azure/container-registry': /^shared\/adapters\/registry\/sdkReader\.ts$/,
  undici: /^shared\/adapters\/http\/addressGuard\.ts$/,
  'isomorphic-git': /^shared\/adapters\/source\/git[A-Za-z]*\.ts$/,
  tar: /^shared\/adapters\/source\/(packContext|unpackTar)\.ts$/,
  yaml: /^shared\/(taskFile\/|adapters\/engine\/acrBuildLog\.ts)/,
  zod: /^(functions|shared)\//,
};

/** Everything a file imports, types and lazy imports too. */
function importsOf(text: string): string[] {
  const found = text.matchAll(
    /(?:^import|^export)[^'";]*?from\s+'([^']+)'|^import\s+'([^']+)'|\bimport\(\s*'([^']+)'/gm,
  );
  return [...found].map(([, from, bare, lazy]) => (from ?? bare ?? lazy)!);
}

test('imports point down', () => {
  const wrong: string[] = [];
  for (const [file, text] of source) {
    for (const from of importsOf(text).filter((name) => name.startsWith('.'))) {
      const target = relative(root, join(root, dirname(file), from));
      if (!below[roomOf(file)]!.includes(roomOf(target))) wrong.push(`${file} imports ${target}`);
    }
  }
  assert.deepEqual(wrong, []);
});

test('each SDK is imported only in its adapter', () => {
  const wrong: string[] = [];
  for (const [file, text] of source) {
    for (const from of importsOf(text).filter((name) => !name.startsWith('.') && !name.startsWith('node:')))
      if (!packages[from]?.test(file)) wrong.push(`${file} imports ${from}`);
  }
  assert.deepEqual(wrong, []);
});

/** What the local stack takes from outside its folder: what is deployed, as it is deployed. It knows nothing of the product. */
const localBorrows = ['infra/package.ts'];

test('the local stack takes nothing from the product but what is deployed', () => {
  const borrowed = filesOf(['local'])
    .flatMap((file) => importsIn(file).map((from) => ({ file, from })))
    .filter(({ from }) => from.startsWith('.'))
    .map(({ file, from }) => ({ file, target: join(dirname(file), from) }))
    .filter(({ target }) => !target.startsWith('local/'));
  assert.deepEqual(
    borrowed
      .filter(({ target }) => !localBorrows.includes(target))
      .map(({ file, target }) => `${file} imports ${target}`),
    [],
  );
  assert.deepEqual(
    localBorrows.filter((name) => !borrowed.some(({ target }) => target === name)),
    [],
    'the list holds no more than what is taken',
  );
  const impure = localBorrows.filter(
    (name) => name.startsWith('shared/') && !pure.includes(name.split('/')[1]!),
  );
  assert.deepEqual(impure, []);
});

test('local/package.json names the packages of the local stack, in the versions of the product', () => {
  const manifest = (name: string) => JSON.parse(readFileSync(join(root, name), 'utf8'));
  const ours: Record<string, string> = manifest('local/package.json').dependencies;
  const { dependencies, devDependencies } = manifest('package.json');
  const used = filesOf(['local'])
    .flatMap((file) => [...importsIn(file), ...resolvedIn(file)])
    .filter((from) => !/^(\.|node:)/.test(from))
    .map((from) => /^(@[^/]+\/)?[^/]+/.exec(from)![0]);
  assert.deepEqual(Object.keys(ours), [...new Set(used)].sort());
  const roots: Record<string, string> = { ...dependencies, ...devDependencies };
  for (const [name, version] of Object.entries(ours)) {
    assert.match(version, /^\d+\.\d+\.\d+$/, name);
    assert.equal(version, roots[name] ?? version, name);
  }
});

const importsIn = (file: string) => importsOf(readFileSync(join(root, file), 'utf8'));

/** Packages that a file finds on disk without importing them. */
const resolvedIn = (file: string) =>
  [...readFileSync(join(root, file), 'utf8').matchAll(/\.resolve\('([^'.][^']*)'\)/g)].map(
    ([, name]) => name!,
  );

test('a browser loads only pure files of the product, without zod and without anything of Node', () => {
  const pages = readdirSync(join(root, 'page'), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => join('page', name));
  /** All that is loaded in the browser: what is imported as a value, however far down. */
  const loaded = new Map<string, string>();
  const follow = (file: string, by: string) => {
    if (loaded.has(file)) return;
    loaded.set(file, by);
    for (const from of valuesOf(readFileSync(join(root, file), 'utf8')))
      if (from.startsWith('.')) follow(join(dirname(file), from), file);
      else if (!/^(preact(\/hooks)?|@dagrejs\/dagre)$/.test(from)) wrong.push(`${file} imports ${from}`);
  };
  const wrong: string[] = [];
  for (const file of [...pages, ...source.keys()].filter(
    (file) => !source.has(file) || roomOf(file) === 'graph',
  ))
    follow(file, '');
  for (const [file, by] of loaded) {
    const isPure = file.startsWith('page/') || pure.includes(roomOf(file));
    if (!isPure) wrong.push(`${by} imports ${file}`);
  }
  assert.deepEqual(wrong, []);
});

/** What a file imports beside types. */
const valuesOf = (text: string) => importsOf(text.replace(/^(?:import|export) type [^;]*;/gm, ''));

test('only the settings read the environment', () => {
  const readers = [...source].filter(([, text]) => /\bprocess\.env\b/.test(text)).map(([file]) => file);
  assert.deepEqual(readers, ['shared/edge/config.ts']);
});

test('the pure files and the flow have no clock, no chance, no network and no disk', () => {
  const wrong = [...source]
    .filter(([file]) => [...pure, 'flow', 'ports'].includes(roomOf(file)))
    .filter(([, text]) =>
      /\bDate\.now\(|new Date\(\)|Math\.random|(?:await|return|=>|=)\s+fetch\(|from 'node:(?!(?:util|path)')/.test(
        // A hash is the same for the same text.
        text.replace("import { createHash } from 'node:crypto';", ''),
      ),
    )
    .map(([file]) => file);
  assert.deepEqual(wrong, []);
});

test('nothing in the product knows of the local stack', () => {
  const wrong = [...source].filter(([, text]) =>
    /local\/|azurite|buildah|docker-registry/i.test(withoutComments(text)),
  );
  assert.deepEqual(
    wrong.map(([file]) => file),
    [],
  );
});

const withoutComments = (text: string) => text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');

/** Tables of cases make a test longer than code may be. */
const maxLines = (name: string) => (name.startsWith('test/') ? 350 : 250);

test('no file is longer than one idea', () => {
  const long = filesOf(['functions', 'shared', 'local', 'test', 'infra', 'page'])
    .map((name) => ({ name, lines: readFileSync(join(root, name), 'utf8').split('\n').length - 1 }))
    .filter(({ name, lines }) => lines > maxLines(name));
  assert.deepEqual(long, []);
});

test('no name is exported from two files', () => {
  for (const tops of [['functions', 'shared'], ['page'], ['local']]) {
    const owners = new Map<string, Set<string>>();
    for (const file of filesOf(tops))
      for (const [, name] of readFileSync(join(root, file), 'utf8').matchAll(
        /^export (?:async )?(?:function|const|class|interface|type) (\w+)/gm,
      ))
        owners.set(name!, (owners.get(name!) ?? new Set()).add(file));
    assert.deepEqual(
      [...owners].filter(([, files]) => files.size > 1).map(([name, files]) => [name, ...files]),
      [],
    );
  }
});

/** Files directly in a folder that people are to find by its name. */
const maxFiles = 15;

test('a folder holds two to fifteen files, and shared/ none', () => {
  const wrong = ['functions', 'shared', 'local', 'test', 'infra', 'page'].flatMap((top) =>
    readdirSync(join(root, top), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => relative(root, join(entry.parentPath, entry.name)))
      .map((folder) => ({
        folder,
        files: readdirSync(join(root, folder)).filter((name) => /\.tsx?$/.test(name)).length,
      }))
      .filter(({ files }) => files === 1 || files > maxFiles),
  );
  assert.deepEqual(wrong, []);
  assert.deepEqual(
    readdirSync(join(root, 'shared')).filter((name) => name.endsWith('.ts')),
    [],
  );
});

test('every test file runs its tests', () => {
  const silent = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .filter((name) => !/\.run\(\);|^test[A-Z]\w+\(/m.test(readFileSync(join(root, 'test', name), 'utf8')));
  assert.deepEqual(silent, []);
});

test.run();
