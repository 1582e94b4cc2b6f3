/**
 * The versions of az that Debian has, against the local stack: the tutorial, every flag's row in docs/compatibility.md,
 * and what only the newer ones have. A line for each closes it. The first time takes 300 MB of packages for each of the
 * other Debians, which stay in the temporary folder.
 *
 *   npm run compat [-- PATTERN [FILE]]    the versions whose line matches: 2.45, trixie, sid; of their files those that
 *                                         match, all by default
 */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { prepareMachine, stackPackages } from '../../local/machine/machine.mjs';
import { bundleTests } from '../bundle.ts';
import { runProgram } from '../runProgram.ts';
import { readVerdict } from '../verdict.ts';
import { type AzProgram, azOf } from './azFolders.ts';

/** A version of az. */
interface Client {
  name: string;
  files: string[];
  /** Undefined for what the machine has. */
  program?: () => Promise<AzProgram>;
}

const tutorial = ['test/stack/az/azTutorial.test.ts', 'test/stack/az/azFlags.test.ts'];
const newer = [...tutorial, 'test/compat/azNewer.ts'];
const clients: Client[] = [
  { name: 'az 2.45 (Debian 12, bookworm)', files: tutorial },
  { name: 'az 2.74 (Debian 13, trixie)', files: newer, program: () => azOf('trixie') },
  { name: 'az 2.91 (Debian sid)', files: newer, program: () => azOf('sid') },
];

const root = join(import.meta.dirname, '../..');
/** Milliseconds for one file: a busy machine took twelve minutes for the tutorial. */
const limit = 1_800_000;

/** One line for a client: how much of what was tried works, and what was noted on the way. */
async function tryClient(
  { name, files, program }: Client,
  bundled: (file: string) => string,
): Promise<string> {
  const env: Partial<AzProgram> = (await program?.()) ?? {};
  const { PLINTH_AZ: az = '/usr/bin/az', PLINTH_AZ_PYTHON: python = '/usr/bin/python3' } = env;
  const { 'azure-cli': version } = JSON.parse(execFileSync(python, [az, 'version']).toString());
  let [passed, failed] = [0, 0];
  const notes: string[] = [];
  for (const file of files.filter((name) => wantedFile.test(name))) {
    const { code, output, seconds } = await runProgram([bundled(file)], { cwd: root, env, limit });
    const verdict = readVerdict(file, code, output, readFileSync(join(root, file), 'utf8'));
    console.log(`${name}: ${file}  ${verdict.passed} passed  ${seconds.toFixed(1)} s`);
    if (verdict.failed) console.log(`${verdict.reason}\n${output}`);
    notes.push(...[...output.matchAll(/note: (.*)$/gm)].map(([, text]) => text!));
    passed += verdict.passed;
    failed += verdict.failed;
  }
  const told = [`${passed} passed, ${failed} failed`, ...notes].join('; ');
  return `${failed === 0 ? 'ok  ' : 'FAIL'} ${name}: ${version}; ${told}`;
}

const [pattern, wantedFile] = [2, 3].map((at) => new RegExp(process.argv[at] ?? '')) as [RegExp, RegExp];
await prepareMachine([...stackPackages, 'azure-cli', 'debootstrap']);
const { folder, bundled, remove } = await bundleTests(root, newer);
process.env.PLINTH_COMPILED = folder;
process.once('exit', remove);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(130));

const lines: string[] = [];
for (const client of clients.filter(({ name }) => pattern.test(name)))
  lines.push(
    await tryClient(client, bundled).catch((error: Error) => `FAIL ${client.name}: ${error.message}`),
  );
console.log(`\n${lines.join('\n')}`);
process.exit(lines.length > 0 && lines.every((line) => line.startsWith('ok')) ? 0 : 1);
