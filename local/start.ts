/** The local stack, kept until Ctrl-C: Azure as the function app meets it, and the app in it. */
import { spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { appTask, baseBuild, baseCredential, seedSample } from './sample.ts';
import { startStack } from './stack.ts';
import { ensureSystemPackages, stackPackages } from './systemPackages.ts';

const port = 7071;

await ensureSystemPackages(stackPackages);
console.log('Starting …');
const stack = await startStack({
  port,
  az: true,
  log: (part, line) => process.stdout.write(`${part.padEnd(7)}${line}\n`),
});
const { registries, keys, url } = stack;
stack.roles.assign({
  scope: registries.baseacr!.resourceId,
  principalId: stack.plinth.principalId,
  role: 'AcrPull',
});
const sample = await seedSample(stack);

const curl = `curl -s -H 'x-functions-key: ${keys.function}' -H 'content-type: application/json'`;
console.log(`
The function app      ${url}
baseacr.azurecr.io    ${registries.baseacr!.endpoint}
appacr.azurecr.io     ${registries.appacr!.endpoint}
Run engine (ARM)      ${stack.engine.url}
Azurite               ${stack.azurite.connectionString.match(/TableEndpoint=([^;]+)/)![1]}
Git                   ${stack.git.url}
CA certificate        ${stack.tls.caFile}

Try, in another terminal:

  # build the base image
  ${curl} -X POST ${url}/registries/baseacr/scheduleRun -d '${JSON.stringify(baseBuild(sample))}'

  # create a task that stands on it, and run it once
  ${curl} -X PUT ${url}/registries/appacr/tasks/baseexample2 -d '${JSON.stringify(taskWithCredential())}'
  ${curl} -X POST ${url}/registries/appacr/scheduleRun -d '{"type":"TaskRunRequest","taskId":"baseexample2"}'

  # its runs; build the base image again from another commit, and a run comes by itself
  ${curl} ${url}/registries/appacr/runs

The Azure CLI (Debian's azure-cli) talks to all this after one line, in that shell only:

  ${stack.az!.line}
  az acr task list-runs -r appacr -o table

r and Enter builds the app anew and starts it again. Ctrl-C stops everything.
`);

function taskWithCredential() {
  const { properties, ...task } = appTask(sample);
  return { ...task, properties: { ...properties, ...baseCredential.properties } };
}

let stopping = false;
async function stop() {
  if (stopping) return;
  stopping = true;
  console.log('\nStopping …');
  await stack.stop();
  process.exit(0);
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop);

createInterface({ input: process.stdin }).on('line', async (line) => {
  if (line.trim() !== 'r' || stopping) return;
  const built = spawnSync(
    process.execPath,
    ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'],
    { stdio: 'inherit' },
  );
  if (built.status !== 0) return;
  await stack.app.stop();
  await stack.restartApp();
  console.log('Started again.');
});
