import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { banner, buildPackage, define, mainFields } from '../../infra/package.ts';
import { line, quantile } from './figures.ts';

const root = join(import.meta.dirname, '../..');
const rounds = 15;

/** As a Functions worker starts: a fresh process answers for `@azure/functions-core`, imports every file, and indexes. */
const worker = `
import Module from 'node:module';
import { readdirSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
const functions = [];
let model;
const core = {
  version: '3.12.0',
  hostVersion: '4.1040.0',
  setProgrammingModel: (given) => { model = given; },
  getProgrammingModel: () => model,
  registerHook: () => ({ dispose() {} }),
  registerFunction: ({ name, bindings }) => { functions.push({ name, bindings }); return { dispose() {} }; },
  log() {},
};
const original = Module.prototype.require;
Module.prototype.require = function (id) {
  return id === '@azure/functions-core' ? core : original.call(this, id);
};
const folder = process.argv[2] + '/functions/';
const started = performance.now();
for (const name of readdirSync(folder).filter((name) => name.endsWith('.js')).sort())
  await import(pathToFileURL(folder + name).href);
await model.getCapabilities({});
const indexed = JSON.stringify(functions);
const loading = performance.now() - started;
process.stdout.write(JSON.stringify({ functions: functions.length, bytes: indexed.length, loading }));
`;

const emptyApp = `import { app } from '@azure/functions';
app.http('hello', { methods: ['GET'], handler: () => ({ body: 'hello' }) });
`;

/**
 * From nothing to every function indexed: the deployed package against an app with one empty HTTP function, bundled in
 * the same way, alternating, each in a fresh process of the same Node.
 */
export default async function run(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'plinth-cold-'));
  try {
    writeFileSync(join(dir, 'worker.mjs'), worker);
    const ours = join(dir, 'plinth');
    const files = await buildPackage(ours);
    const empty = join(dir, 'empty');
    await buildEmpty(dir, empty, ours);
    const start = (app: string) => {
      const began = performance.now();
      const { stdout, status, stderr } = spawnSync(process.execPath, [join(dir, 'worker.mjs'), app], {
        encoding: 'utf8',
      });
      if (status !== 0) throw new Error(`${app} did not load: ${stderr}`);
      const told = JSON.parse(stdout) as { functions: number; loading: number };
      return { ...told, whole: performance.now() - began };
    };
    // Once each unmeasured: the files come into the page cache.
    const { functions } = start(ours);
    start(empty);
    const pairs = Array.from({ length: rounds }, () => ({ plinth: start(ours), empty: start(empty) }));
    const total = [...files.values()].reduce((sum, size) => sum + size, 0);
    console.log(`package: ${functions} functions, ${(total / 1024).toFixed(0)} KiB`);
    for (const part of ['whole', 'loading'] as const) {
      const title = part === 'whole' ? 'process start to end' : 'loading and indexing alone';
      console.log(
        line(
          `plinth, ${title}`,
          pairs.map(({ plinth }) => plinth[part]),
        ),
      );
      console.log(
        line(
          `empty app, ${title}`,
          pairs.map(({ empty }) => empty[part]),
        ),
      );
    }
    for (const part of ['whole', 'loading'] as const) {
      const ratios = pairs.map(({ plinth, empty }) => plinth[part] / empty[part]);
      console.log(
        `plinth / empty app, ${part === 'whole' ? 'the process' : 'loading alone'}: median of ${rounds} ratios ${quantile(ratios, 0.5).toFixed(2)}`,
      );
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function buildEmpty(dir: string, folder: string, ours: string): Promise<void> {
  mkdirSync(join(folder, 'functions'), { recursive: true });
  writeFileSync(join(dir, 'hello.ts'), emptyApp);
  await build({
    entryPoints: [join(dir, 'hello.ts')],
    outfile: join(folder, 'functions/hello.js'),
    bundle: true,
    minify: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    external: ['@azure/functions-core'],
    nodePaths: [join(root, 'node_modules')],
    banner: { js: banner },
    define,
    mainFields,
    logLevel: 'warning',
  });
  for (const name of ['host.json', 'package.json']) cpSync(join(ours, name), join(folder, name));
}
