import { readFile } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { secretsIn } from '../api/runRequest.ts';
import { openBuildah } from '../build/buildahExecutor.ts';
import type { BuildahOptions } from '../build/buildahTool.ts';
import { inside } from '../source/source.ts';
import {
  ofFile,
  readTask,
  readValuesFile,
  TaskFileFault,
  type TaskStep,
  templateData,
} from '../taskFile/readTask.ts';
import { RunFailure, type TaskExecutor, type TaskWork } from '../types.ts';
import { withAttempts } from './attempts.ts';
import { runBuild } from './buildStep.ts';
import { runCmd } from './cmdStep.ts';
import { runPush } from './pushStep.ts';
import { refuseUnrunnable } from './refused.ts';
import { runInOrder } from './stepGraph.ts';
import type { StepWorld } from './stepWorld.ts';

/** Runs the steps of a task file with buildah, and logs them as ACR does. */
export function taskExecutor(options: BuildahOptions): TaskExecutor {
  return async (work) => {
    const { request, signal } = work;
    const workspace = await work.source();
    const secrets = secretsIn(request).filter((secret) => secret !== '');
    const { steps } = await fileOf(work, workspace, secrets);
    const { buildah, access } = await openBuildah(work, request, options);
    const { storageDriver } = options;
    const world: StepWorld = { buildah, access, work, workspace, secrets, storageDriver, pushed: [] };
    const log = (line: string) => work.log(`${stamp(new Date())} ${line}`);
    for (const server of work.logins.keys()) await log(`Successfully logged into ${server}`);

    work.running();
    const ends = new Map<string, string>();
    try {
      await runInOrder(steps, signal, async (step, stepSignal) => {
        const began = performance.now();
        const elapsed = () => ((performance.now() - began) / 1000).toFixed(6);
        const ended = (how: string) => ends.set(step.id, `${how} (elapsed time in seconds: ${elapsed()})`);
        try {
          await runStep(step, world, stepSignal, log);
          ended('successful');
        } catch (error) {
          ended('failed');
          if (!(error instanceof RunFailure) || !step.ignoreErrors) throw error;
          ended('successful');
          await log(
            `Step ID: ${step.id} encountered an error: ${error.message}, but is set to ignore errors. Continuing...`,
          );
        }
      });
    } catch (error) {
      if (error instanceof RunFailure)
        throw new RunFailure(`failed to run ${error.message.replace(/\.?$/, '.')}`);
      throw error;
    } finally {
      if (!signal.aborted)
        for (const { id } of steps) await log(`Step ID: ${id} marked as ${ends.get(id) ?? 'skipped'}`);
    }
    return world.pushed;
  };
}

async function runStep(
  step: TaskStep,
  world: StepWorld,
  signal: AbortSignal,
  log: (line: string) => Promise<void>,
): Promise<void> {
  const { id, timeout, workingDirectory = '' } = step;
  await log(
    `Executing step ID: ${id}. Timeout(sec): ${timeout}, Working directory: '${workingDirectory}', Network: ''`,
  );
  await withAttempts(
    step,
    signal,
    (own) => {
      if (step.kind === 'build') return runBuild(step, world, own);
      return step.kind === 'push' ? runPush(step, world, own) : runCmd(step, world, own);
    },
    log,
  );
}

/** `2026/11/23 15:00:00`, as the lines of ACR's steps begin. */
const stamp = (time: Date) => time.toISOString().slice(0, 19).replaceAll('-', '/').replace('T', ' ');

/** @throws RunFailure with the line of what is wrong or cannot be run */
async function fileOf(work: TaskWork, workspace: string, secrets: string[]) {
  const { request, registry, runId, createTime } = work;
  const { os, architecture } = request.platform;
  const decode = (base64: string) => Buffer.from(base64, 'base64').toString('utf8');
  const encoded = request.type === 'EncodedTaskRunRequest';
  const name = encoded ? 'The task file' : request.taskFilePath;
  const text = encoded ? decode(request.encodedTaskContent) : await textIn(workspace, request.taskFilePath);
  const valuesName = encoded ? 'The values file' : (request.valuesFilePath ?? '');
  const valuesText = encoded
    ? request.encodedValuesContent && decode(request.encodedValuesContent)
    : request.valuesFilePath && (await textIn(workspace, request.valuesFilePath));
  const run = {
    ID: runId,
    TaskName: '',
    Registry: registry.loginServer,
    RegistryName: registry.name,
    // 20181008-154332z
    Date: createTime
      .toISOString()
      .replace(/[-:]|\.\d+/g, '')
      .replace('T', '-')
      .toLowerCase(),
    OS: os.toLowerCase(),
    Architecture: architecture,
    Commit: '',
    Branch: '',
    SharedVolume: 'workspace',
  };
  try {
    const values = valuesText ? ofFile(valuesName, () => readValuesFile(valuesText)) : new Map();
    const data = templateData(run, values, request.values);
    const file = ofFile(name, () => readTask(text, data));
    refuseUnrunnable(file, secrets);
    return file;
  } catch (error) {
    if (error instanceof TaskFileFault) throw new RunFailure(error.message);
    throw error;
  }
}

async function textIn(workspace: string, path: string): Promise<string> {
  const real = await inside(workspace, path);
  if (real !== undefined) return readFile(real, 'utf8');
  throw new RunFailure(`There is no ${path} in the source. The path is relative to its root.`);
}
