import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** python3-cffi-backend: debootstrap follows no package that others only provide, and az's cryptography wants it. */
const packages = 'azure-cli,ca-certificates,python3-cffi-backend';

/** A version of az as the tests' world takes it: the script, and the Python that runs it. */
export interface AzProgram {
  PLINTH_AZ: string;
  PLINTH_AZ_PYTHON: string;
}

/**
 * The az of another Debian, in a folder of its own under the temporary folder, where it stays for the next time. The
 * packages are taken apart and not installed: az needs nothing but its files.
 * @throws when debootstrap fails; it needs root and Debian's archive
 */
export async function azOf(suite: string): Promise<AzProgram> {
  const made = join(tmpdir(), 'plinth-compat', suite);
  if (!existsSync(made)) await unpack(suite, made);
  return { PLINTH_AZ: join(made, 'usr/bin/az'), PLINTH_AZ_PYTHON: await writePython(made) };
}

/** Under another name until it is whole. */
async function unpack(suite: string, made: string): Promise<void> {
  const part = `${made}.part`;
  await rm(part, { recursive: true, force: true });
  await mkdir(part, { recursive: true });
  await run('debootstrap', ['--foreign', '--variant=minbase', `--include=${packages}`, suite, part], {
    maxBuffer: 64 * 1024 * 1024,
  });
  const archives = join(part, 'var/cache/apt/archives');
  for (const name of (await readdir(archives)).filter((name) => name.endsWith('.deb')))
    await run('dpkg-deb', ['--extract', join(archives, name), part]);
  await rm(archives, { recursive: true });
  await rename(part, made);
}

/** Python with the loader and the libraries that lie beside it: nothing of this machine's fits it. */
async function writePython(root: string): Promise<string> {
  const python = (await readdir(join(root, 'usr/bin'))).find((name) => /^python3\.\d+$/.test(name))!;
  const libraries = (await readdir(join(root, 'usr/lib'))).find((name) => name.endsWith('-linux-gnu'))!;
  const lines = [
    '#!/bin/sh',
    `export PYTHONHOME=${root}/usr PYTHONPATH=${root}/usr/lib/python3/dist-packages PYTHONWARNINGS=ignore`,
    `exec ${await findLoader(root)} --library-path ${root}/usr/lib/${libraries} ${root}/usr/bin/${python} "$@"`,
  ];
  const file = join(root, 'plinth-python');
  await writeFile(file, `${lines.join('\n')}\n`, { mode: 0o755 });
  return file;
}

async function findLoader(root: string): Promise<string> {
  for (const folder of ['usr/lib64', 'usr/lib']) {
    const names = existsSync(join(root, folder)) ? await readdir(join(root, folder)) : [];
    const name = names.find((name) => name.startsWith('ld-linux'));
    if (name) return join(root, folder, name);
  }
  throw new Error(`${root} has no loader of programs`);
}
