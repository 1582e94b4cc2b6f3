/**
 * The storm on the local stack: base images are pushed while the app is killed, storage restarts, and Azure is as rough
 * as local/rough/table.ts says. At the end every image must stand on the newest.
 *
 *   npm run chaos
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Rough, roughnessNames } from '../../../local/rough/rough.ts';
import { instantExecutor } from '../../../local/runEngine/run/instantExecutor.ts';
import type { Executor } from '../../../local/runEngine/types.ts';
import { type Stack, startStack } from '../../../local/stack.ts';
import { createApiClient } from '../../../local/tutorial/apiClient.ts';
import { seedOf } from '../../seed.ts';
import { numbersFrom } from '../../worlds/workers.ts';
import { type Findings, findings, untilSettled } from './chaosChecks.ts';
import { firstBuilds, type Layout, layOut } from './chaosTasks.ts';
import { pushImage } from './pushImage.ts';

export interface ChaosOptions {
  registries: string[];
  /** Tasks on each of the three levels. */
  perLevel: [number, number, number];
  pushes: number;
  kills: number;
  storageRestarts: number;
  seed: number;
  /** Limit for the time after the storm. */
  settleSeconds: number;
  log: (line: string) => void;
}

export type ChaosReport = Findings & { settledAfterSeconds: number; rough: ReturnType<Rough['counts']> };

/** What the stack said before a failure is shown, as another run of the same seed does not meet it in the same order. */
const linesKept = 300;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** @throws Error naming what is not as it should be when the world does not come to rest */
export async function chaos(options: ChaosOptions): Promise<ChaosReport> {
  const { registries, log } = options;
  const dir = await mkdtemp(join(tmpdir(), 'plinth-chaos-'));
  let stack: Stack | undefined;
  let executor: Executor | undefined;
  const said: string[] = [];
  try {
    stack = await startStack({
      dir,
      registries,
      pull: registries,
      executor: (work) => {
        executor ??= instantExecutor(stack!.tls.ca);
        return executor(work);
      },
      maxConcurrentRuns: 8,
      eventTimeScale: 0.05,
      rough: { seed: options.seed, only: [] },
      settings: {
        PLINTH_RUNS_PER_REGISTRY: '4',
        PLINTH_RECONCILE_MINUTES: '1',
      },
      log(part, line) {
        said.push(`${part}: ${line}`.slice(0, 500));
        if (said.length > linesKept) said.shift();
        if (process.env.PLINTH_VERBOSE) log(`${part}: ${line}`);
      },
    });
    return await storm(stack, options);
  } catch (error) {
    log(`The last ${said.length} lines of the stack:\n${said.join('\n')}`);
    throw error;
  } finally {
    await stack?.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

async function storm(stack: Stack, options: ChaosOptions): Promise<ChaosReport> {
  const { log, settleSeconds } = options;
  const api = createApiClient(stack.url, stack.keys.function);
  const layout = layOut(options.registries, options.perLevel);
  const push = (image: string, text: string) =>
    pushImage(stack, layout.registries[0]!, image.slice(image.indexOf('/') + 1), text);
  for (const image of layout.bases) await push(image, 'first');
  await firstBuilds(layout, stack, api);
  log(`${layout.tasks.length} tasks in ${layout.registries.length} registries are built; the storm begins`);

  stack.roughness.only(...roughnessNames);
  await Promise.all([pushAll(layout, options, push), disturb(stack, options)]);
  stack.roughness.only();
  log('the storm is over');
  // One more push of each: what failed three times in the storm goes on when something changes.
  for (const image of layout.bases) await push(image, 'last');
  const over = Date.now();
  await untilSettled(stack, api, layout, settleSeconds);
  const settledAfterSeconds = Math.round((Date.now() - over) / 1000);
  return { ...(await findings(stack, api, layout)), settledAfterSeconds, rough: stack.roughness.counts() };
}

async function pushAll(
  { bases }: Layout,
  { pushes, seed, log }: ChaosOptions,
  push: (image: string, text: string) => Promise<string>,
): Promise<void> {
  const draw = numbersFrom(seed + 1);
  for (let count = 1; count <= pushes; count++) {
    // Sometimes an earlier image comes back: A, B, A.
    const text = draw(8) === 0 ? `push ${draw(count)}` : `push ${count}`;
    await push(bases[draw(bases.length)]!, text);
    if (count % 50 === 0) log(`${count} pushes`);
    await pause(500 + draw(1500));
  }
}

async function disturb(stack: Stack, { kills, storageRestarts, seed, log }: ChaosOptions): Promise<void> {
  const draw = numbersFrom(seed + 2);
  const every = Math.max(1, Math.floor(kills / Math.max(1, storageRestarts)));
  for (let count = 1; count <= kills; count++) {
    await pause(5000 + draw(12_000));
    stack.app.kill('SIGKILL');
    await stack.restartApp();
    if (count % every === 0 && count / every <= storageRestarts) {
      await pause(draw(2000));
      await stack.azurite.restart();
    }
    if (count % 10 === 0) log(`the app was killed ${count} times`);
  }
}

/** Sentences about what the storm should not have left behind. */
export function faultsOf(report: ChaosReport): string[] {
  const wrong: string[] = [];
  if (report.open.length > 0) wrong.push(`still open: ${report.open.join(', ')}`);
  if (report.repeated.length > 0) wrong.push(`built twice: ${report.repeated.join('; ')}`);
  // A build is found by its run's key, whoever was killed.
  if (report.orphans > 0) wrong.push(`${report.orphans} builds beyond the runs`);
  if (report.withoutReason > 0) wrong.push(`${report.withoutReason} decisions without a reason`);
  if (report.poison > 0) wrong.push(`${report.poison} poison messages`);
  return wrong;
}

if (process.argv[1] === import.meta.filename) {
  const seed = seedOf();
  const begun = Date.now();
  const log = (line: string) =>
    console.log(`${((Date.now() - begun) / 1000).toFixed(0).padStart(4)} s  ${line}`);
  log(`PLINTH_SEED=${seed}`);
  const kills = Number(process.env.PLINTH_KILLS ?? 30);
  const report = await chaos({
    registries: ['baseacr', 'midacr', 'appacr', 'edgeacr'],
    perLevel: [10, 14, 16],
    pushes: Number(process.env.PLINTH_PUSHES ?? 300),
    kills,
    storageRestarts: 5,
    seed,
    settleSeconds: 900,
    log,
  });
  console.log(report);
  const wrong = faultsOf(report);
  log(wrong.length === 0 ? 'nothing lost, nothing built twice' : wrong.join('\n'));
  process.exitCode = wrong.length === 0 ? 0 : 1;
}
