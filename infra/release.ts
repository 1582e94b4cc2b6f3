/**
 * Makes what a release consists of, in dist/release: the package of the function app, zipped, and the templates, compiled;
 * with the scripts that work without a clone, a bill of the packages inside (CycloneDX) and the checksum of each file.
 *
 *   npm run package
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Zippable, zipSync } from 'fflate';
import { type Bicep, findBicep } from './bicep/compiler.ts';
import { buildPackage } from './package.ts';

const root = join(import.meta.dirname, '..');
/** The same files make the same zip, whenever it is made. */
const mtime = '1980-01-02T00:00:00';
/** What deploys: main.bicep and group.bicep by choice, then events.bicep. */
const templates = ['main', 'group', 'events'];
/** They read nothing beside them but each other. */
const scripts = ['refresh-key.sh', 'register-api.sh', 'replay-dead-letters.sh', 'rotate-sealing-key.sh'];

/** @returns the zip of the folder's files; folders have no entries of their own */
function zipOf(folder: string, files: Iterable<string>): Uint8Array {
  const entries: Zippable = {};
  for (const file of files)
    entries[file.replaceAll('\\', '/')] = [readFileSync(join(folder, file)), { mtime, level: 9 }];
  return zipSync(entries);
}

/** npm's own bill of the packages that the app is bundled of, by the lock file. */
function billOfMaterials(): string {
  const { status, stdout, stderr } = spawnSync(
    'npm',
    [
      ...['sbom', '--package-lock-only', '--omit', 'dev', '--workspaces=false'],
      ...['--sbom-format', 'cyclonedx', '--sbom-type', 'application'],
    ],
    { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 26, shell: process.platform === 'win32' },
  );
  if (status !== 0) throw new Error(`npm sbom failed: ${stderr.trim().split('\n').at(-1)}`);
  const bill = JSON.parse(stdout);
  // npm takes the name of the folder.
  bill.metadata.component.name = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).name;
  return `${JSON.stringify(bill, undefined, 2)}\n`;
}

/**
 * Fills a folder with the files of a release.
 *
 * @throws Error where a template is not taken by Bicep without a word, or npm makes no bill
 */
export async function release(folder: string, bicep: Bicep): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const built = join(folder, 'package');
  const files = await buildPackage(built);
  writeFileSync(join(folder, 'plinth.zip'), zipOf(built, files.keys()));
  rmSync(built, { recursive: true });
  for (const name of templates) {
    const { status, stderr } = bicep(
      root,
      ...['build', `infra/${name}.bicep`, '--outfile', join(folder, `${name}.json`)],
    );
    if (status !== 0 || stderr.trim() !== '') throw new Error(`infra/${name}.bicep: ${stderr.trim()}`);
  }
  for (const name of scripts) copyFileSync(join(root, 'infra/scripts', name), join(folder, name));
  writeFileSync(join(folder, 'sbom.cdx.json'), billOfMaterials());
  const sums = readdirSync(folder)
    .sort()
    .map(
      (name) =>
        `${createHash('sha256')
          .update(readFileSync(join(folder, name)))
          .digest('hex')}  ${name}\n`,
    );
  writeFileSync(join(folder, 'SHA256SUMS'), sums.join(''));
}

if (process.argv[1] === import.meta.filename) {
  const bicep = findBicep();
  if (bicep) {
    await release(join(root, 'dist/release'), bicep);
    console.log(readFileSync(join(root, 'dist/release/SHA256SUMS'), 'utf8').trimEnd());
  } else process.exitCode = 1;
}
