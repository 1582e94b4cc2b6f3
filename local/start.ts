/**
 * The local stack, kept until Ctrl-C: Azure as the function app meets it, and the app in it.
 *
 *   npm start                 a line for each push, each run that ended and each fault
 *   npm start -- --verbose    whatever its parts print
 */
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { prepareMachine, stackPackages } from './machine/machine.mjs';
import { type Stack, startStack } from './stack.ts';
import { firstCommands, pageOf, variablesOf } from './tutorial/firstHour.ts';
import { quietLine } from './tutorial/quietLines.ts';
import { seedSample } from './tutorial/sample.ts';

const port = Number(process.env.PORT ?? 7071);
const { values: asked } = parseArgs({ options: { verbose: { type: 'boolean', default: false } } });

await prepareMachine(stackPackages);
const ending = new AbortController();
let running: Stack | undefined;

/** Once, however often it is asked for: while the stack starts, its start ends it. */
function stop(): void {
  if (ending.signal.aborted) return;
  console.log('\nStopping …');
  ending.abort();
  if (running) end(0);
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop);

async function end(code: number): Promise<never> {
  await running?.stop();
  process.exit(code);
}

/** What fails as it is stopped in the middle is no fault. */
async function fail(error: unknown): Promise<never> {
  if (!ending.signal.aborted) {
    console.error(error);
    return end(1);
  }
  return running ? new Promise<never>(() => {}) : end(0);
}

function show(part: string, line: string): void {
  const text = asked.verbose ? `${part.padEnd(7)}${line}` : quietLine(part, line);
  // The parts that stop do not answer one another any more.
  if (text !== undefined && (asked.verbose || !ending.signal.aborted)) process.stdout.write(`${text}\n`);
}

console.log('Starting …');
const stack = await startStack({ port, az: true, log: show, signal: ending.signal }).catch(fail);
running = stack;
if (ending.signal.aborted) await end(0);
const { registries, url } = stack;
stack.roles.assign({
  scope: registries.baseacr!.resourceId,
  principalId: stack.plinth.principalId,
  role: 'AcrPull',
});
await seedSample(stack).catch(fail);

const doctor = `NODE_EXTRA_CA_CERTS=${stack.tls.caFile} AZURE_ENV_NAME=local npm run doctor`;
const help = `
The page              ${pageOf(stack)}

The function app      ${url}
baseacr.azurecr.io    ${registries.baseacr!.endpoint}
appacr.azurecr.io     ${registries.appacr!.endpoint}
Run engine (ARM)      ${stack.engine.url}
Azurite               ${stack.azurite.connectionString.match(/TableEndpoint=([^;]+)/)![1]}
Git                   ${stack.git.url}
CA certificate        ${stack.tls.caFile}

In another terminal, first this line:

  ${variablesOf(stack)}

then the commands of README.md, from a base image to the log of the app that is rebuilt on it:

${(await firstCommands()).replace(/^(?=.)/gm, '  ')}
The Azure CLI (Debian's azure-cli) talks to all this after one line, in that shell only:

  ${stack.az!.line}
  az acr task list-runs -r appacr -o table

and after the same line the doctor, as it looks at a deployment in Azure:

  ${doctor}

Keys, each with Enter: r builds the app anew and starts it again, h shows this again, q or Ctrl-C stops everything.
`;
console.log(help);

async function redeploy(): Promise<void> {
  console.log('Building the app anew …');
  await stack.redeployApp().then(
    () => console.log('Started again.'),
    // The code is whoever's who works on it: the stack goes on.
    (error: Error) => console.error(`It is not started again. ${error.message}`),
  );
}

const keys: Record<string, () => unknown> = { r: redeploy, h: () => console.log(help), q: stop };
createInterface({ input: process.stdin }).on('line', (line) => {
  if (!ending.signal.aborted) keys[line.trim()]?.();
});
