/**
 * Builds what is deployed, dist/package: for each file of functions/ one bundled and minified module, the code they
 * share in chunks/, the files of the page in page/, host.json, and a package.json without dependencies. No install step is needed in Azure.
 *
 *   npm run build      what azd runs before it zips dist/package
 */
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';
import { buildPage } from './buildPage.ts';

const root = join(import.meta.dirname, '..');

/** The oldest Node on which the package runs; Azure's is in main.bicep. */
const target = 'node20';

/**
 * Some dependencies are CommonJS and require() what Node has built in, and `@azure/functions` requires
 * `@azure/functions-core`, which only the Functions worker can answer. An ES module has no require of its own.
 * Modules that declare `__filename` or `__dirname` themselves share a scope with this, so the two have other names here.
 */
export const banner = `import { createRequire as __createRequire } from 'node:module';
import { fileURLToPath as __fileURLToPath } from 'node:url';
const require = __createRequire(import.meta.url), __chunkFile = __fileURLToPath(import.meta.url), __chunkDir = __fileURLToPath(new URL('.', import.meta.url));`;
/**
 * A package that is there as ES modules too is taken so: of a CommonJS one a bundle's `import()` has no names but
 * `default`, and all of it is taken along.
 */
export const mainFields = ['module', 'main'];
export const define = { __filename: '__chunkFile', __dirname: '__chunkDir' };

/** zod's `z` holds its messages in every language; an error of the API is in one. */
const oneLanguage: Plugin = {
  name: 'one-language',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
      contents: "export { default as en } from './en.js';",
    }));
  },
};

/** @returns the folder's files, as filesOfPackage */
export async function buildPackage(folder: string): Promise<Map<string, number>> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const entries = readdirSync(join(root, 'functions')).filter((name) => name.endsWith('.ts'));
  await build({
    absWorkingDir: root,
    entryPoints: entries.map((name) => join('functions', name)),
    outbase: '.',
    outdir: folder,
    chunkNames: 'chunks/[hash]',
    bundle: true,
    // The parts that are made once for a process must be one copy, whichever function asks first.
    splitting: true,
    minifyWhitespace: true,
    minifySyntax: true,
    // Stacks name functions and classes, so those stay; to keep names of shortened ones costs a call for each at start.
    minifyIdentifiers: false,
    platform: 'node',
    mainFields,
    format: 'esm',
    target,
    external: ['@azure/functions-core'],
    banner: { js: banner },
    define,
    plugins: [oneLanguage],
    legalComments: 'linked',
    logLevel: 'warning',
  });
  await buildPage(join(folder, 'page'));
  copyFileSync(join(root, 'host.json'), join(folder, 'host.json'));
  const { name, version, license } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const manifest = { name, version, license, private: true, type: 'module', main: 'functions/*.js' };
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
  return filesOfPackage(folder);
}

/** @returns a package's files and their sizes, by path in it */
export function filesOfPackage(folder: string): Map<string, number> {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
  return new Map(
    files
      .map((file) => [file, statSync(join(folder, file))] as const)
      .filter(([, stat]) => stat.isFile())
      .map(([file, { size }]) => [file, size]),
  );
}

if (process.argv[1] === import.meta.filename) {
  const target = join(root, 'dist/package');
  // Made aside and put in place at once: a build beside another never shows a half one.
  const made = `${target}-${process.pid}`;
  const files = await buildPackage(made);
  rmSync(target, { recursive: true, force: true });
  renameSync(made, target);
  for (const [file, size] of files) console.log(`${(size / 1024).toFixed(0).padStart(6)} KiB  ${file}`);
  const total = [...files.values()].reduce((sum, size) => sum + size, 0);
  console.log(`${(total / 1024).toFixed(0).padStart(6)} KiB  in dist/package`);
}
