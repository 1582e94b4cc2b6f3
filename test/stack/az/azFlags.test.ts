// Tier: long, it asks az for the help of each command.
/** docs/compatibility.md against az's own help: a flag that az has is in the table. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite } from 'uvu';
import { mapAtMost } from '../../../shared/flow/concurrency.ts';
import { compatibilityRows } from '../../doubles/compatibility.ts';
import { shell, startAzForks } from './azWorld.ts';

const test = suite<{ help: Map<string, string> }>('the flags of az');
const family = {
  show: 'az acr task show, list, delete',
  runs: 'az acr task list-runs, show-run, cancel-run, update-run, logs',
};
/** Every command, and the section that tells of it. */
const commands: Record<string, string> = {
  'acr build': 'az acr build',
  'acr run': 'az acr run',
  'acr pack build': 'az acr pack',
  ...Object.fromEntries(
    ['list', 'show', 'logs', 'delete'].map((name) => [`acr taskrun ${name}`, 'az acr taskrun']),
  ),
  ...Object.fromEntries(
    ['create', 'update', 'run'].map((name) => [`acr task ${name}`, `az acr task ${name}`]),
  ),
  ...Object.fromEntries(['show', 'list', 'delete'].map((name) => [`acr task ${name}`, family.show])),
  ...Object.fromEntries(
    ['list-runs', 'show-run', 'cancel-run', 'update-run', 'logs'].map((name) => [
      `acr task ${name}`,
      family.runs,
    ]),
  ),
  ...Object.fromEntries(
    ['identity assign', 'identity remove', 'identity show']
      .concat(['add', 'update', 'remove', 'list'].flatMap((verb) => [`credential ${verb}`, `timer ${verb}`]))
      .map((name) => [`acr task ${name}`, `az acr task ${name.split(' ')[0]}`]),
  ),
};

test.before(async (context) => {
  const dir = await mkdtemp(join(tmpdir(), 'plinth-az-help-'));
  await writeFile(join(dir, 'config'), '[core]\ncollect_telemetry = no\n');
  const azEnv = { ...process.env, AZURE_CONFIG_DIR: dir };
  const forks = await startAzForks(azEnv);
  const env = { ...azEnv, PATH: `${forks.bin}:${process.env.PATH}` };
  const texts = await mapAtMost(Object.keys(commands), 2, async (command) => {
    const { code, stdout, stderr } = await shell(`az ${command} --help`, dir, env);
    assert.equal(code, 0, stderr);
    return [command, stdout] as const;
  });
  context.help = new Map(texts);
  await forks.stop();
  await rm(dir, { recursive: true });
});

const everywhere = compatibilityRows().filter(({ section }) => section === 'Every command');

for (const [command, section] of Object.entries(commands))
  test(`every flag of az ${command} has a row`, ({ help }) => {
    const rows = [...everywhere, ...compatibilityRows().filter((row) => row.section === section)];
    const told = rows.map(({ subject }) => subject).join(' ');
    const flags = [...help.get(command)!.matchAll(/^ {4}(--[a-z-]+|<SOURCE_LOCATION>)/gm)].map(
      ([, flag]) => flag!,
    );
    assert.ok(flags.length > 5, `az told no flags: ${help.get(command)}`);
    const missing = flags.filter((flag) => !new RegExp(`\`${flag}[\` ]`).test(told));
    assert.deepEqual(missing, []);
  });

test.run();
