import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'uvu';

const root = join(import.meta.dirname, '..');
const files = ['functions', 'shared']
  .flatMap((room) =>
    readdirSync(join(root, room), { recursive: true, encoding: 'utf8' }).map((name) => join(room, name)),
  )
  .filter((name) => name.endsWith('.ts'));
const source = new Map(files.map((file) => [file, readFileSync(join(root, file), 'utf8')]));

/** Where a file belongs: the rooms of the design, from the top down. */
function roomOf(file: string): string {
  if (file.startsWith('functions/')) return 'functions';
  return /^shared\/(edge|adapters|flow|ports)\//.exec(file)?.[1] ?? 'pure';
}

/** What each room may import, itself included. */
const below: Record<string, string[]> = {
  functions: ['edge', 'flow', 'ports', 'pure'],
  edge: ['edge', 'adapters', 'flow', 'ports', 'pure'],
  adapters: ['adapters', 'ports', 'pure'],
  flow: ['flow', 'ports', 'pure'],
  // Types of the ports are plain data; pure files may speak of them.
  ports: ['ports', 'pure'],
  pure: ['pure', 'ports'],
};

/** Packages and the only places that may import them. */
const packages: Record<string, RegExp> = {
  '@azure/functions': /^(functions\/|shared\/edge\/(http|invoke|logServer|log|webhookServer)\.ts$)/,
  '@opentelemetry/api': /^shared\/adapters\/otel(Telemetry|Export)\.ts$/,
  '@opentelemetry/resources': /^shared\/adapters\/otelExport\.ts$/,
  '@opentelemetry/sdk-metrics': /^shared\/adapters\/otelExport\.ts$/,
  '@opentelemetry/sdk-trace-base': /^shared\/adapters\/otelExport\.ts$/,
  '@opentelemetry/exporter-trace-otlp-http': /^shared\/adapters\/otelExport\.ts$/,
  '@opentelemetry/exporter-metrics-otlp-http': /^shared\/adapters\/otelExport\.ts$/,
  '@azure/monitor-opentelemetry-exporter': /^shared\/adapters\/otelExport\.ts$/,
  '@azure/data-tables': /^shared\/(adapters\/table[A-Za-z]*|edge\/wiring)\.ts$/,
  '@azure/storage-queue': /^shared\/(adapters\/storageQueue|edge\/wiring)\.ts$/,
  '@azure/identity': /^shared\/adapters\/(identityToken|acrRegistry|armClient|keyVault|otelExport)\.ts$/,
  '@azure/container-registry': /^shared\/adapters\/acrRegistry\.ts$/,
  undici: /^shared\/adapters\/addressGuard\.ts$/,
  'isomorphic-git': /^shared\/adapters\/git[A-Za-z]*\.ts$/,
  tar: /^shared\/adapters\/(packContext|archiveSource)\.ts$/,
  yaml: /^shared\/(taskFile\/|dependencyLog\.ts)/,
  zod: /^(functions|shared)\//,
};

/** Everything a file imports, types and lazy imports too. */
function importsOf(text: string): string[] {
  const found = text.matchAll(
    /(?:^import|^export)[^'";]*?from\s+'([^']+)'|^import\s+'([^']+)'|\bimport\(\s*'([^']+)'/gm,
  );
  return [...found].map(([, from, bare, lazy]) => (from ?? bare ?? lazy)!);
}

const isTypeOnly = (text: string, from: string) =>
  new RegExp(`^import type [^;]*from '${from.replace(/[.*+?^${}()|[\\]\\\\]/g, '\\$&')}'`, 'm').test(text);

test('imports point down', () => {
  const wrong: string[] = [];
  for (const [file, text] of source) {
    for (const from of importsOf(text).filter((name) => name.startsWith('.'))) {
      const target = relative(root, join(root, dirname(file), from));
      const up = !below[roomOf(file)]!.includes(roomOf(target));
      const pureToPorts = roomOf(file) === 'pure' && roomOf(target) === 'ports' && !isTypeOnly(text, from);
      if (up || pureToPorts) wrong.push(`${file} imports ${target}`);
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

test('only the settings read the environment', () => {
  const readers = [...source].filter(([, text]) => /\bprocess\.env\b/.test(text)).map(([file]) => file);
  assert.deepEqual(readers, ['shared/edge/config.ts']);
});

test('the pure files and the flow have no clock, no chance, no network and no disk', () => {
  const wrong = [...source]
    .filter(([file]) => ['pure', 'flow', 'ports'].includes(roomOf(file)))
    .filter(([, text]) =>
      /\bDate\.now\(|new Date\(\)|Math\.random|(?:await|return|=>|=)\s+fetch\(|from 'node:(?!util')/.test(
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
const mostLines = (name: string) => (name.startsWith('test/') ? 350 : 250);

test('no file is longer than one idea', () => {
  const long = ['functions', 'shared', 'local', 'test']
    .flatMap((room) =>
      readdirSync(join(root, room), { recursive: true, encoding: 'utf8' }).map((name) => join(room, name)),
    )
    .filter((name) => name.endsWith('.ts'))
    .map((name) => ({ name, lines: readFileSync(join(root, name), 'utf8').split('\n').length - 1 }))
    .filter(({ name, lines }) => lines > mostLines(name));
  assert.deepEqual(long, []);
});

test('every test file runs its tests', () => {
  const silent = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .filter((name) => !/\.run\(\);|^test[A-Z]\w+\(/m.test(readFileSync(join(root, 'test', name), 'utf8')));
  assert.deepEqual(silent, []);
});

test.run();
