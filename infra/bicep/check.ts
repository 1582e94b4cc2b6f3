/**
 * Holds infra/ against Microsoft's own compiler, linter and formatter, warnings failing, and what it would deploy against
 * the golden files of test/fixtures/infra: ARM's engine, offline, evaluates the template for the parameters there.
 *
 *   npm run check:infra               where no compiler is to be had it says so; with CI set it fails
 *   npm run check:infra -- --write    formats the files and writes the golden files anew
 */
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { type Bicep, bicepVersion, findBicep } from './compiler.ts';

const root = join(import.meta.dirname, '../..');
/** Files of a folder and below, by their path in the repository. */
const filesIn = (folder: string, ending: string) =>
  readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .map((name) => join(folder, name))
    .sort();
const bicepFiles = filesIn('infra', '.bicep');
/** What is deployed by itself: the others are its modules. */
const entries = bicepFiles.filter((file) => dirname(file) === 'infra');

/** Lines of what Bicep said, but for empty ones. */
const linesOf = (text: string) => text.split('\n').filter((line) => line.trim() !== '');

/** What the compiler and the linter say of the files. */
function diagnostics(bicep: Bicep): string[] {
  const { status, stdout, stderr } = bicep(root, 'lint', '--pattern', 'infra/**/*.bicep');
  const said = linesOf(stderr);
  return said.length > 0 || status === 0 ? said : [`bicep lint ended with ${status}: ${stdout}`];
}

/** The files that are not as `bicep format` writes them. */
function misformatted(bicep: Bicep): string[] {
  const copy = mkdtempSync(join(tmpdir(), 'plinth-format-'));
  try {
    cpSync(join(root, 'infra'), join(copy, 'infra'), { recursive: true });
    const { status, stderr } = bicep(copy, 'format', '--pattern', 'infra/**/*.bicep');
    if (status !== 0) return linesOf(stderr);
    return bicepFiles
      .filter((file) => readFileSync(join(root, file), 'utf8') !== readFileSync(join(copy, file), 'utf8'))
      .map((file) => `${file} is not formatted: npm run check:infra -- --write`);
  } finally {
    rmSync(copy, { recursive: true });
  }
}

/** Bicep writes the outputs in any order. */
function sortOutputs(file: string): void {
  const { outputs, ...snapshot } = JSON.parse(readFileSync(join(root, file), 'utf8'));
  const sorted = Object.fromEntries(Object.entries(outputs).sort(([a], [b]) => (a < b ? -1 : 1)));
  writeFileSync(join(root, file), `${JSON.stringify({ ...snapshot, outputs: sorted }, undefined, 2)}\n`);
}

/** What differs between the golden file of an entry and what it would deploy now; nothing in the mode `overwrite`. */
function changes(bicep: Bicep, entry: string, mode: 'validate' | 'overwrite'): string[] {
  const parameters = `test/fixtures/infra/${basename(entry)}param`;
  const ofSubscription = /^targetScope = 'subscription'/m.test(readFileSync(join(root, entry), 'utf8'));
  const { status, stdout, stderr } = bicep(
    root,
    ...['snapshot', parameters, '--mode', mode, '--location', 'westeurope', '--deployment-name', 'plinth'],
    ...['--tenant-id', '00000000-0000-0000-0000-00000000000a'],
    ...['--subscription-id', '00000000-0000-0000-0000-000000000001'],
    ...(ofSubscription ? [] : ['--resource-group', 'rg-plinth-prod']),
  );
  if (status === 0) {
    if (mode === 'overwrite') sortOutputs(parameters.replace(/bicepparam$/, 'snapshot.json'));
    return linesOf(stderr);
  }
  return [`${entry} would deploy something else than its snapshot:`, stdout, ...linesOf(stderr)];
}

const write = process.argv.includes('--write');
const bicep = findBicep();
if (!bicep) {
  console.error('infra/ is not checked.');
  process.exitCode = process.env.CI ? 1 : 0;
} else {
  if (write) bicep(root, 'format', '--pattern', 'infra/**/*.bicep');
  const faults = [
    ...diagnostics(bicep),
    ...misformatted(bicep),
    ...entries.flatMap((entry) => changes(bicep, entry, write ? 'overwrite' : 'validate')),
  ];
  for (const fault of new Set(faults)) console.error(fault);
  if (faults.length > 0) process.exitCode = 1;
  else
    console.log(`infra/ is right by Bicep ${bicepVersion}: compiled, linted, formatted, as its snapshots.`);
}
