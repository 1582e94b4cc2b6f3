/**
 * A process like one instance of the app: it prepares the contexts that its arguments name, all at once, and prints the
 * most memory and temporary disk that this took.
 */
import { readdir, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { boundedSource } from '../../shared/adapters/source/boundedSource.ts';
import { createSourceContext } from '../../shared/adapters/source/sourceContext.ts';
import { sourceFiles } from '../../shared/adapters/source/sourceFiles.ts';
import { parseSourceLocation } from '../../shared/names/sourceLocation.ts';

const [maxMiB, ...contexts] = process.argv.slice(2);
const maxBytes = Number(maxMiB) * 2 ** 20;
const source = boundedSource(createSourceContext({ fetch }));

let disk = 0;
let looking = false;
const look = setInterval(async () => {
  if (looking) return;
  looking = true;
  const paths = await readdir(tmpdir(), { recursive: true }).catch(() => []);
  const sizeOf = (path: string) => stat(join(tmpdir(), path)).then(({ size }) => size);
  const sizes = await Promise.all(paths.map((path) => sizeOf(path).catch(() => 0)));
  disk = Math.max(
    disk,
    sizes.reduce((sum, size) => sum + size, 0),
  );
  looking = false;
}, 20);

async function prepare(context: string): Promise<void> {
  const fetched = await source.fetch(parseSourceLocation(context), { maxBytes });
  try {
    const packed = await sourceFiles.pack(fetched.dir, [{ path: 'Dockerfile', content: 'FROM scratch\n' }]);
    await packed.dispose();
  } finally {
    await fetched.dispose();
  }
}

await Promise.all(contexts.map(prepare));
clearInterval(look);
const memory = process.resourceUsage().maxRSS * 1024;
console.log(JSON.stringify({ memory, disk, contexts: contexts.length }));
