import { rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { banner, define, mainFields } from '../infra/package.ts';

/** The project's modules, and the one of a package that asks where it lies. */
const asksForItsPlace =
  /[\\/](test|local|shared|functions|infra)[\\/].*\.ts$|[\\/]storage-common[\\/].*crc64\.js$/;

/** A bundled module goes on naming the place of its source, since tests read fixtures and start programs beside it. */
const placeOfSource = (sourceOf: (path: string) => string | undefined): Plugin => ({
  name: 'place-of-source',
  setup({ onLoad }) {
    onLoad({ filter: asksForItsPlace }, async ({ path }) => {
      const text = sourceOf(path) ?? (await readFile(path, 'utf8'));
      const places = [dirname(path), path, pathToFileURL(path).href].map((place) => JSON.stringify(place));
      const contents = `const [sourceDirname, sourceFilename, sourceUrl] = [${places}]; ${text}`;
      return { contents, loader: path.endsWith('.ts') ? 'ts' : 'js' };
    });
  },
});

/** uvu drops what a `before` throws. */
const saysWhatBeforeThrew: Plugin = {
  name: 'says-what-before-threw',
  setup({ onResolve }) {
    const path = join(import.meta.dirname, 'uvu.ts');
    onResolve({ filter: /^uvu$/ }, ({ importer }) => (importer === path ? undefined : { path }));
  },
};

/** What tests start as processes of their own. */
const programs = [
  'infra/scripts/look.ts',
  'infra/scripts/moveTasks.ts',
  'infra/scripts/tables.ts',
  'local/functionsHost/main.ts',
  'test/doubles/contextProcess.ts',
  'test/filesInOneProcess.ts',
  'test/stack/engine/runEngineChild.ts',
  'test/stack/registry/registryClient.ts',
];

/** What only the Functions worker answers, and packages that look for files beside themselves. */
const loadedAsTheyAre = [
  '@azure/functions-core',
  'uvu',
  'esbuild',
  'typescript',
  'tsx',
  '@stryker-mutator/*',
  'web-tree-sitter',
  'playwright-core',
];

/**
 * Compiles test files and the programs that they start, with what they import: a file then starts in a
 * fraction of the time that it takes when each module is read and compiled as it is imported.
 * @param files paths from the root
 * @param options.sourceOf what a file's source is taken to be, by its absolute path; undefined for what the file holds
 * @param options.splitting whether they share what several of them import; without it each holds all that it imports
 * @param options.started the programs that they start
 * @returns the folder of the compiled forms, where a file's lies, and a way to remove all of them
 */
export async function bundleTests(
  root: string,
  files: string[],
  {
    sourceOf = () => undefined,
    splitting = true,
    started = programs,
  }: { sourceOf?: (path: string) => string | undefined; splitting?: boolean; started?: string[] } = {},
) {
  const outdir = join(root, 'node_modules', '.cache', `plinth-test-${process.pid}`);
  await build({
    absWorkingDir: root,
    entryPoints: [...files, ...started],
    outbase: root,
    outdir,
    bundle: true,
    splitting,
    format: 'esm',
    platform: 'node',
    mainFields,
    target: 'node20',
    // Everything else is compiled in: to load an SDK from its hundreds of files takes longer than most files' tests.
    external: loadedAsTheyAre,
    banner: { js: banner },
    sourcemap: splitting && 'linked',
    sourcesContent: false,
    logLevel: 'warning',
    define: {
      ...define,
      'import.meta.dirname': 'sourceDirname',
      'import.meta.filename': 'sourceFilename',
      'import.meta.url': 'sourceUrl',
    },
    plugins: [saysWhatBeforeThrew, placeOfSource(sourceOf)],
  });
  return {
    folder: outdir,
    bundled: (file: string) => join(outdir, file.replace(/\.ts$/, '.js')),
    remove: () => rmSync(outdir, { recursive: true, force: true }),
  };
}
