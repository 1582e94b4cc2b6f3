/**
 * The tutorial, played on this machine: a base image in one registry, an app on it in another, a new base, and the app
 * rebuilt with nobody asking. Everything it starts is gone at the end, also after Ctrl-C.
 *
 *   npm run demo [-- --rough]   on Azure as rough as local/rough/table.ts says, but for what is waited out in minutes
 */

import { prepareMachine, stackPackages } from '../machine/machine.mjs';
import { roughnessNames } from '../rough/rough.ts';
import type { RoughnessName } from '../rough/table.ts';
import { type Stack, startStack } from '../stack.ts';
import { createApiClient, eventually } from './apiClient.ts';
import { followLog } from './followLog.ts';
import { serveOnce } from './runImage.ts';
import { runsTable } from './runsTable.ts';
import { appTask, baseBuild, baseCredential, baseImage, seedSample } from './sample.ts';

/** What a run by hand fails at, or an update waits for the clock's next round for, is left out. */
const slow: RoughnessName[] = ['replicaLag', 'digestNotThere', 'eventNever', 'functionTimedOut'];
const patientNames = roughnessNames.filter((name) => !slow.includes(name));
const isRough = process.argv.includes('--rough');

const started = performance.now();
const stopping = new AbortController();
let stack: Stack | undefined;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (stopping.signal.aborted) return;
    console.log('\nStopping …');
    stopping.abort(new Error('stopped by hand'));
  });
}

const step = (title: string) => {
  stopping.signal.throwIfAborted();
  console.log(`\n\x1b[1m${title}\x1b[0m`);
};
const say = (text: string) => console.log(`  ${text}`);

/** What the tutorial does more than once. */
function actions({ registries, owner, tls }: Stack, api: ReturnType<typeof createApiClient>) {
  const app = registries.appacr!;
  const log = async (registry: string, runId: string) => {
    const { logLink } = await api.call('POST', `/registries/${registry}/runs/${runId}/listLogSasUrl`);
    await followLog(logLink, (line) => console.log(`    ${line}`), stopping.signal);
    const run = await api.call('GET', `/registries/${registry}/runs/${runId}`);
    say(`Run ${runId}: ${run.properties.status}`);
    return run.properties;
  };
  const build = async (registry: string, request: object) => {
    const run = await api.call('POST', `/registries/${registry}/scheduleRun`, request);
    say(`Queued a run with ID: ${run.name}`);
    const ended = await log(registry, run.name);
    if (ended.status !== 'Succeeded')
      throw new Error(`run ${run.name} ${ended.status}: ${ended.runErrorMessage}`);
    return ended;
  };
  const served = async (runId: string) => {
    stopping.signal.throwIfAborted();
    const image = `appacr.azurecr.io/helloworld:${runId}`;
    const text = await serveOnce({
      image,
      endpoint: app.endpoint,
      refreshToken: await app.refreshTokenFor(owner.principalId),
      caFile: tls.caFile,
    });
    say(`${image}, run, serves:`);
    for (const line of text.trimEnd().split('\n')) console.log(`    ${line}`);
    return text;
  };
  return { log, build, served };
}

async function play(): Promise<void> {
  await prepareMachine(stackPackages);
  step('Starting two registries, storage, events, a run engine and the function app …');
  stack = await startStack(isRough ? { rough: { seed: 7, only: patientNames }, eventTimeScale: 0.05 } : {});
  const { registries, url, keys, roles, plinth } = stack;
  const api = createApiClient(url, keys.function);
  const base = registries.baseacr!;
  const app = registries.appacr!;
  say(
    `baseacr.azurecr.io is ${base.endpoint}, appacr.azurecr.io is ${app.endpoint}, the function app is ${url}`,
  );
  say('Making the upstream image from what this machine has (node, busybox) …');
  const sample = await seedSample(stack);

  const { log, build, served } = actions(stack, api);

  step(`1. Build the base image ${baseImage} in registry baseacr`);
  await build('baseacr', baseBuild(sample));

  step(
    '2. Create a task in registry appacr whose Dockerfile says FROM ${REGISTRY_NAME}/baseimages/node:15-alpine',
  );
  const task = await api.call('PUT', '/registries/appacr/tasks/baseexample2', appTask(sample));
  say(`Task ${task.name}; its identity is ${task.identity.principalId}`);

  step('3. Give that identity the role AcrPull on baseacr, and the task the credential');
  roles.assign({ scope: base.resourceId, principalId: plinth.principalId, role: 'AcrPull' });
  await api.call('PATCH', '/registries/appacr/tasks/baseexample2', baseCredential);

  step('4. Run the task once by hand: from now on its base image is tracked');
  const first = await build('appacr', { type: 'TaskRunRequest', taskId: task.id });
  for (const dependency of first.plinth.baseImageDependencies)
    say(`is built on ${dependency.registry}/${dependency.repository}:${dependency.tag}@${dependency.digest}`);
  const before = await served(first.runId);

  step('5. Push a changed base image (NODE_VERSION 15.2.1a) to baseacr, and touch nothing else');
  await sample.changeBase('15.2.1a');
  await build('baseacr', baseBuild(sample));

  step('6. The push starts a run of the task by itself');
  const update = await eventually('a run with trigger Image Update', 30, async () => {
    const { value } = await api.call('GET', '/registries/appacr/runs');
    return value.find((run: any) => run.properties.imageUpdateTrigger);
  });
  const { images } = update.properties.imageUpdateTrigger;
  say(
    `Run ${update.name}, because ${images[0].registry}/${images[0].repository}:${images[0].tag} is now ${images[0].digest}`,
  );
  await log('appacr', update.name);

  step('7. The runs of appacr');
  const { value: runs } = await api.call('GET', '/registries/appacr/runs');
  console.log(`\n${runsTable(runs)}\n`);
  const after = await served(update.name);

  if (!before.includes('Version: 15.2.1\n') || !after.includes('Version: 15.2.1a'))
    throw new Error('The app does not serve the versions of its base images.');
  console.log('\nBefore the push: Version: 15.2.1. After it, without a command: Version: 15.2.1a.');
  console.log(
    '\nTo see all this in a browser: npm start, then open the address that it prints first, …/page#key=….',
  );
}

try {
  await play();
} catch (error) {
  process.exitCode = stopping.signal.aborted ? 130 : 1;
  if (!stopping.signal.aborted) console.error(error instanceof Error ? `\n${error.message}` : error);
} finally {
  await stack?.stop();
  console.log(`Stopped everything. ${((performance.now() - started) / 1000).toFixed(0)} s.`);
}
