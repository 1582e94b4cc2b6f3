/** Builds the page, dist/package/page: bundled files with hashed names, each compressed, and index.html that names them. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type BuildOptions, build } from 'esbuild';

const root = join(import.meta.dirname, '..');

/** What each browser of the last three years runs. */
const target = ['chrome123', 'edge123', 'firefox120', 'safari17.5'];

/** @returns sizes in bytes as they are sent, by name */
export async function buildPage(folder: string): Promise<Map<string, number>> {
  mkdirSync(folder, { recursive: true });
  const [worker] = await bundled({ entryPoints: ['page/layout.worker.ts'], format: 'iife' });
  const [script, style] = await bundled({
    entryPoints: ['page/main.tsx', 'page/page.css'],
    format: 'esm',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    define: { LAYOUT_WORKER: JSON.stringify(`/page/${worker!.name}`) },
  });
  const html = readFileSync(join(root, 'page/index.html'), 'utf8')
    .replace('{style}', `/page/${style!.name}`)
    .replace('{script}', `/page/${script!.name}`);
  const files = [worker!, script!, style!, { name: 'index.html', contents: Buffer.from(html) }];
  return new Map(
    files.map(({ name, contents }) => {
      const compressed = gzipSync(contents, { level: 9 });
      writeFileSync(join(folder, `${name}.gz`), compressed);
      return [name, compressed.length];
    }),
  );
}

/** In the order of the entry points. */
async function bundled(options: BuildOptions & { entryPoints: string[] }) {
  const { outputFiles } = await build({
    ...options,
    absWorkingDir: root,
    outdir: 'page',
    outbase: 'page',
    entryNames: '[name]-[hash]',
    bundle: true,
    minify: true,
    write: false,
    target,
    // The licences of what is bundled stay in the files.
    legalComments: 'eof',
    logLevel: 'warning',
  });
  return options.entryPoints.map((entry) => {
    const [, stem, kind] = /([^/]+)\.(css|tsx?)$/.exec(entry)!;
    const wanted = new RegExp(
      `^${stem!.replaceAll('.', '\\.')}-[A-Z0-9]+\\.${kind === 'css' ? 'css' : 'js'}$`,
    );
    const file = outputFiles!.find(({ path }) => wanted.test(basename(path)))!;
    return { name: basename(file.path), contents: file.contents };
  });
}
