// Tier: normal, it makes the package.
// Changes its process: the functions register themselves in it.
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { test } from 'uvu';
import { filesOfPackage } from '../../infra/package.ts';
import { packageOfSource } from '../../local/functionsHost/deployPackage.ts';
import { loadApp } from '../../local/functionsHost/worker/app.ts';
import {
  closeCore,
  type FunctionDefinition,
  openCore,
  type Registrations,
} from '../../local/functionsHost/worker/core.ts';
import { apiRoots } from '../../shared/api/notServed.ts';
import { operations } from '../../shared/api/operations.ts';
import { routesOf } from '../../shared/api/routes.ts';
import { messageQueue, storageConnection } from '../../shared/names/azureNames.ts';

const root = join(import.meta.dirname, '../..');
const aside = mkdtempSync(join(tmpdir(), 'plinth-package-'));
process.on('exit', () => rmSync(aside, { recursive: true, force: true }));
const entries = readdirSync(join(root, 'functions')).map((name) => name.replace(/\.ts$/, ''));
// Outside the project, where an import of what is not in the package finds nothing.
const folder = join(aside, 'package');
cpSync(await packageOfSource(join(aside, 'built')), folder, { recursive: true });
const files = filesOfPackage(folder);

/** As the worker does: package.json's main, each file import()ed, `@azure/functions-core` answered by the host. */
const load = () => loadApp(folder, () => {});

async function indexed(): Promise<FunctionDefinition[]> {
  const app = await load();
  await app.unload();
  return app.functions;
}

const bindings = (functions: FunctionDefinition[]) =>
  Object.fromEntries(
    functions
      .map(({ name, bindings }) => [name, Object.values(bindings)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );

test('holds one file for each of functions/, what they share, and two files for the host', () => {
  const names = [...files.keys()].filter(
    (name) => !/^page\//.test(name) && !/^chunks\/[A-Z0-9]{8}\.js(\.LEGAL\.txt)?$/.test(name),
  );
  assert.deepEqual(
    names.filter((name) => !name.endsWith('.LEGAL.txt')),
    [...entries.map((name) => `functions/${name}.js`), 'host.json', 'package.json'].sort(),
  );
});

test('holds the page compressed, its files named by what they hold, in at most 60 KB', () => {
  const page = [...files].filter(([name]) => name.startsWith('page/'));
  assert.deepEqual(
    page.map(([name]) => name.replace(/-[A-Z0-9]{8}\./, '-HASH.')),
    ['index.html', 'layout.worker-HASH.js', 'main-HASH.js', 'page-HASH.css'].map((name) => `page/${name}.gz`),
  );
  const bytes = page.reduce((sum, [, size]) => sum + size, 0);
  assert.ok(bytes < 60_000, `${bytes} bytes`);
});

test('asks for no install step, and is small', () => {
  const { dependencies, devDependencies, scripts, main } = JSON.parse(
    readFileSync(join(folder, 'package.json'), 'utf8'),
  );
  assert.deepEqual([dependencies, devDependencies, scripts], [undefined, undefined, undefined]);
  assert.equal(main, 'functions/*.js');
  const total = [...files.values()].reduce((sum, size) => sum + size, 0);
  assert.ok(total < 4 * 2 ** 20, `${total} bytes`);
});

test('holds no path of the machine that built it, no test code and nothing of local/', () => {
  for (const name of [...files.keys()].filter((name) => name.endsWith('.js'))) {
    const code = readFileSync(join(folder, name), 'utf8');
    for (const word of [root, 'azurite/dist', 'buildah', 'fast-check', 'sourceMappingURL'])
      assert.ok(!code.includes(word), `${name} holds ${word}`);
  }
});

test('what is loaded later has the names that it is asked for: a CommonJS package has `default` alone', () => {
  const nameless: string[] = [];
  for (const name of [...files.keys()].filter((name) => name.endsWith('.js'))) {
    const code = readFileSync(join(folder, name), 'utf8');
    for (const [call, chunk] of code.matchAll(
      /import\("(\.[^"]+)"\)(?!\.then\(module=>module\.default\)|\)\.default\b)/g,
    )) {
      const loaded = readFileSync(join(folder, name, '..', chunk!), 'utf8');
      if (/export default require_/.test(loaded)) nameless.push(`${name}: ${call}`);
    }
  }
  assert.deepEqual(nameless, []);
});

test('an app is indexed without Azure’s SDKs, git and the exporters of telemetry', () => {
  const loaded = new Set<string>();
  const load = (file: string) => {
    if (loaded.has(file)) return;
    loaded.add(file);
    const code = readFileSync(join(folder, file), 'utf8');
    for (const [, from] of code.matchAll(/(?:from|^import|;import)\s*"(\.[^"]+)"/gm))
      load(join(file, '..', from!));
  };
  for (const name of entries) load(`functions/${name}.js`);
  const code = [...loaded].map((file) => readFileSync(join(folder, file), 'utf8')).join('\n');
  for (const word of [
    'ManagedIdentityCredential',
    'TableClient',
    'QueueClient',
    'git-upload-pack',
    'BatchSpanProcessor',
  ])
    assert.ok(!code.includes(word), `${word} is loaded at once`);
  assert.ok(code.includes('imagePushed'), [...loaded].join());
  const bytes = [...loaded].reduce((sum, file) => sum + files.get(file)!, 0);
  assert.ok(bytes < 800 * 1024, `${bytes} bytes are loaded at once`);
});

test('loads as the worker loads it and registers every function', async () => {
  const names = (await indexed()).map(({ name }) => name).sort();
  const http = Object.values(operations).flatMap((operation) =>
    routesOf(operation).map(({ suffix }) => operation.name + suffix),
  );
  const others = ['queueMessage', 'imagePushed', 'clock', 'logs', 'openapi', 'page', 'sourceWebhook'];
  const unserved = apiRoots.map((root) => `unserved-${root}`);
  assert.deepEqual(names, [...http, ...others, ...unserved].sort());
});

test('what answers the rest comes after every other function, as the host takes the first by name', async () => {
  const http = (await indexed()).filter(({ trigger }) => trigger.type === 'httpTrigger');
  const names = http.map(({ name }) => name.toLowerCase()).sort();
  assert.deepEqual(names.slice(-apiRoots.length), apiRoots.map((root) => `unserved-${root}`).sort());
  // A route that begins with a parameter would take the host's own `admin` and `runtime`.
  for (const { trigger } of http) assert.match(String(trigger.route), /^[a-z]/);
});

/** A chunk that is loaded late is not seen by indexing; a clash of names in it shows when it is loaded. */
test('every file of the package loads', async () => {
  const modules = [...files.keys()].filter((name) => name.endsWith('.js'));
  assert.ok(modules.filter((name) => name.startsWith('chunks/')).length > 20, modules.join());
  openCore({ functions: [], atEnd: [], sealed: false, log: () => {} });
  const failed: string[] = [];
  try {
    for (const name of modules)
      await import(pathToFileURL(join(folder, name)).href).catch((error) => failed.push(`${name}: ${error}`));
  } finally {
    closeCore();
  }
  assert.deepEqual(failed, []);
});

test('listens to the queue of the code and to no other, over the connection that the template sets', async () => {
  const queued = (await indexed()).filter(({ trigger }) => trigger.type === 'queueTrigger');
  assert.deepEqual(
    queued.map(({ trigger: { queueName, connection } }) => [queueName, connection]),
    [[messageQueue, storageConnection]],
  );
});

test('has the bindings of the source: names, routes, methods, levels, queues, schedule', async () => {
  const packaged = bindings(await indexed());
  const source: Registrations = { functions: [], atEnd: [], sealed: false, log: () => {} };
  openCore(source);
  try {
    for (const name of entries) await import(`../../functions/${name}.ts`);
  } finally {
    closeCore();
  }
  assert.deepEqual(packaged, bindings(source.functions));
});

test('asks for a function key, or leaves sign-in to Entra where a registration is given', async () => {
  const levels = async () => {
    const http = (await indexed()).filter(
      ({ name, trigger }) =>
        trigger.type === 'httpTrigger' && !['logs', 'page', 'sourceWebhook'].includes(name),
    );
    assert.ok(http.length > 20, `${http.length} functions`);
    return [...new Set(http.map(({ trigger }) => trigger.authLevel))];
  };
  delete process.env.PLINTH_API_CLIENT_ID;
  assert.deepEqual(await levels(), ['function']);
  process.env.PLINTH_API_CLIENT_ID = '00000000-0000-0000-0000-000000000000';
  assert.deepEqual(await levels(), ['anonymous']);
  delete process.env.PLINTH_API_CLIENT_ID;
});

test.run();
