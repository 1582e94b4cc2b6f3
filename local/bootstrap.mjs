// What every npm script starts with, on a fresh clone too: plain JavaScript, no packages.
// Installs the locked npm packages when they are missing or stale, then runs the TypeScript file it was given, if any.
//   node local/bootstrap.mjs [FILE [ARG ...]]
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isTooOld, lackingMessage, lackingOf, lookAtMachine, stackPackages } from './machine/machine.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const [file, ...args] = process.argv.slice(2);

/** The words that a program takes, which looks for none but these; the others read their arguments themselves. */
const words = {
  'infra/bicep/check.ts': ['--write'],
  'infra/doctor/doctor.ts': ['before'],
  'infra/package.ts': [],
  'infra/release.ts': [],
  'infra/scripts/openapi.ts': [],
  'local/start.ts': ['--verbose'],
  'local/tutorial/demo.ts': ['--rough'],
  'test/stack/whole/chaos.ts': [],
};
const unknown = args.find((word) => words[file]?.includes(word) === false);
if (unknown !== undefined) {
  const known = words[file].map((word) => ` [-- ${word}]`).join('');
  console.error(`'${unknown}' is unknown. usage: npm run ${process.env.npm_lifecycle_event ?? file}${known}`);
  process.exit(2);
}

function must(title, command, argv) {
  const done = spawnSync(command, argv, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (done.status === 0) return;
  console.error(`${title} failed (${command} ${argv.join(' ')}).`);
  process.exit(done.status ?? 1);
}

// An older Node can neither start the programs nor tell: all that is missing is told here.
if (isTooOld(process.versions.node)) {
  const script = process.env.npm_lifecycle_event ?? 'start';
  const names = ['start', 'demo', 'test'].includes(script) ? stackPackages : [];
  console.error(lackingMessage(lackingOf(lookAtMachine(names)), script));
  process.exit(1);
}

const installed = join(root, 'node_modules', '.package-lock.json');
if (
  !existsSync(installed) ||
  statSync(installed).mtimeMs < statSync(join(root, 'package-lock.json')).mtimeMs
) {
  console.log('Installing the npm packages of package-lock.json …');
  // Not `npm ci`: it refuses where a registry does not carry the binaries of platforms that are not in use here.
  must('Installing the packages', 'npm', [
    'install',
    '--no-save',
    '--no-audit',
    '--no-fund',
    '--loglevel=error',
  ]);
}

if (file === undefined) process.exit();

const child = spawn(process.execPath, ['--import', 'tsx', join(root, file), ...args], {
  cwd: root,
  stdio: 'inherit',
});
// The terminal sends Ctrl-C to the whole group; the child cleans up and its exit code is passed on.
for (const signal of ['SIGINT', 'SIGTERM'])
  process.on(signal, () => signal === 'SIGTERM' && child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
