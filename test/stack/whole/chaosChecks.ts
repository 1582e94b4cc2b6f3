import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { QueueClient } from '@azure/storage-queue';
import { nullGuid } from '../../../local/registry/registry.ts';
import { registryApi } from '../../../local/runEngine/build/registryApi.ts';
import type { Stack } from '../../../local/stack.ts';
import { type ApiClient, eventually } from '../../../local/tutorial/apiClient.ts';
import { messageQueue } from '../../../shared/names/azureNames.ts';
import type { Layout } from './chaosTasks.ts';
import { hasEnded, type RunProperties } from './world.ts';

/** What an image's tag stands for now, as its registry says. */
export async function digestNow(stack: Stack, image: string): Promise<string> {
  const [, registry = '', repository = '', tag = ''] = /^(\w+)\.azurecr\.io\/(.+):(\w+)$/.exec(image)!;
  const { endpoint, refreshTokenFor } = stack.registries[registry]!;
  const login = { username: nullGuid, password: await refreshTokenFor(stack.owner.principalId) };
  const api = registryApi(
    endpoint,
    login,
    await readFile(stack.tls.caFile, 'utf8'),
    AbortSignal.timeout(30_000),
  );
  const { body } = await api.manifest(repository, tag);
  return `sha256:${createHash('sha256').update(body).digest('hex')}`;
}

/** All runs of a registry, oldest first. */
export async function runsOf(api: ApiClient, registry: string): Promise<RunProperties[]> {
  const runs: RunProperties[] = [];
  let path: string | undefined = `/registries/${registry}/runs`;
  while (path) {
    const page: { value: { properties: RunProperties }[]; nextLink?: string } = await api.call('GET', path);
    runs.unshift(...page.value.map(({ properties }) => properties).reverse());
    path = page.nextLink && `/registries/${registry}/runs?${page.nextLink.split('?')[1]}`;
  }
  return runs;
}

/** Waits until nothing is queued or running, and each task's tag is built on the newest digests. @throws Error after so long */
export async function untilSettled(
  stack: Stack,
  api: ApiClient,
  layout: Layout,
  seconds: number,
): Promise<void> {
  let last: string[] = [];
  await eventually('rest', seconds, async () => {
    last = await whatIsWrong(stack, api, layout);
    if (last.length > 0) await new Promise((resolve) => setTimeout(resolve, 2000));
    return last.length === 0;
  }).catch(() => {
    throw new Error(`After ${seconds} s: ${last.join('\n')}`);
  });
}

async function whatIsWrong(stack: Stack, api: ApiClient, { registries, tasks }: Layout): Promise<string[]> {
  const wrong: string[] = [];
  for (const registry of registries) {
    const { properties } = await api.call('GET', `/registries/${registry}`);
    const { running, queued } = properties;
    if (running.length > 0 || queued.length > 0)
      wrong.push(
        `${registry}: running ${running.join(', ')}; queued ${queued.map((q: any) => q.runId).join(', ')}`,
      );
  }
  if (wrong.length > 0) return wrong;
  for (const { registry, name, bases, makes } of tasks) {
    const runs = (await runsOf(api, registry)).filter(
      (run) => run.task === name && run.status === 'Succeeded',
    );
    const made = await digestNow(stack, makes);
    const run = runs.find(({ outputImages }) => outputImages?.some((image: any) => image.digest === made));
    if (!run) {
      wrong.push(`${makes} is ${made}, which no run of ${name} made`);
      continue;
    }
    for (const base of bases) {
      const now = await digestNow(stack, base);
      const built = run.plinth.baseImageDependencies.find((pin: any) =>
        base.endsWith(`/${pin.repository}:${pin.tag}`),
      );
      if (built?.digest !== now)
        wrong.push(`${name} (${run.runId}) is built on ${base}@${built?.digest}, now ${now}`);
    }
  }
  return wrong;
}

export interface Findings {
  runs: number;
  succeeded: number;
  failed: number;
  nothingToBuild: number;
  /** Consecutive successful automatic runs of a task with the same inputs. */
  repeated: string[];
  /** Builds of the engine beyond one a run: none may be, as a build is found by its run's key. */
  orphans: number;
  decisions: number;
  withoutReason: number;
  open: string[];
  poison: number;
}

/** What the storm left behind. */
export async function findings(
  stack: Stack,
  api: ApiClient,
  { registries, tasks }: Layout,
): Promise<Findings> {
  const found: Findings = {
    ...{ runs: 0, succeeded: 0, failed: 0, nothingToBuild: 0, repeated: [], orphans: 0 },
    ...{ decisions: 0, withoutReason: 0, open: [], poison: 0 },
  };
  let asked = 0;
  for (const registry of registries) {
    const runs = await runsOf(api, registry);
    found.runs += runs.length;
    found.succeeded += runs.filter(({ status }) => status === 'Succeeded').length;
    found.failed += runs.filter(({ status }) => /Failed|Error|Timeout/.test(status)).length;
    found.nothingToBuild += runs.filter(({ runErrorMessage }) =>
      /^Nothing to build/.test(runErrorMessage),
    ).length;
    found.open.push(...runs.filter((run) => !hasEnded(run)).map(({ runId }) => `${registry}/${runId}`));
    asked += runs.filter(({ status, outputImages }) => status === 'Succeeded' || outputImages).length;
    for (const task of tasks.filter((each) => each.registry === registry))
      found.repeated.push(...repeats(runs.filter((run) => run.task === task.name)));
  }
  found.orphans =
    stack.engine.runs().filter(({ properties }) => properties.status === 'Succeeded').length - asked;
  for (const { registry, name } of tasks) {
    let path: string | undefined = `/registries/${registry}/tasks/${name}/decisions?$top=1000`;
    const { value } = await api.call('GET', path);
    found.decisions += value.length;
    found.withoutReason += value.filter(({ reason }: { reason: string }) => !(reason?.length > 10)).length;
    path = undefined;
  }
  const poison = new QueueClient(stack.azurite.connectionString, `${messageQueue}-poison`);
  found.poison = (await poison.getProperties()).approximateMessagesCount ?? 0;
  return found;
}

function repeats(runs: RunProperties[]): string[] {
  const ended = runs
    .filter(({ status }) => status === 'Succeeded')
    .sort((a, b) => (a.finishTime < b.finishTime ? -1 : 1));
  const inputs = (run: RunProperties) =>
    run.plinth?.baseImageDependencies
      ?.map(({ repository, digest }: any) => `${repository}@${digest}`)
      .sort()
      .join(' ');
  return ended.flatMap((run, at) => {
    const before = ended[at - 1];
    const same = before && run.imageUpdateTrigger && inputs(run) === inputs(before);
    return same ? [`${run.task}: ${run.runId} repeats ${before.runId}`] : [];
  });
}
