/**
 * Moves the tasks of a registry from ACR Tasks to Plinth, and lists what it could not carry. az must be signed in with
 * the right to read the tasks and their secrets (Container Registry Tasks Contributor).
 *
 *   npm run move-tasks -- REGISTRY PLINTH_URL [--only NAME] [--resource api://…] [--apply] [--disable]
 *
 *   REGISTRY     the registry's name, or its resource id where the name is another subscription's
 *   PLINTH_URL   https://func-plinth-….azurewebsites.net
 *   --only       this task
 *   --resource   where Plinth asks for Entra tokens; else the function key is taken from PLINTH_KEY
 *   --apply      does it; without it only lists what would be done
 *   --disable    with --apply: disables in ACR each task that was carried whole, so that not both build
 */
import { execFile } from 'node:child_process';
import { parseArgs, promisify } from 'node:util';
import { asCommand } from './asCommand.ts';
import { type AcrTask, carryTask } from './carryTask.ts';
import { askPlinth, plinthHeaders } from './plinthApi.ts';

const arm = 'https://management.azure.com';
const version = 'api-version=2019-04-01';
const run = promisify(execFile);

async function az<T>(...args: string[]): Promise<T> {
  const { stdout } = await run('az', [...args, '--only-show-errors', '--output', 'json'], {
    maxBuffer: 2 ** 26,
  });
  try {
    return (stdout.trim() ? JSON.parse(stdout) : undefined) as T;
  } catch {
    throw new Error(`az ${args.slice(0, 2).join(' ')} answered no JSON`);
  }
}

const rest = <T>(method: string, url: string, body?: object) =>
  az<T>('rest', '--method', method, '--url', url, ...(body ? ['--body', JSON.stringify(body)] : []));

async function tasksOf(registryId: string): Promise<AcrTask[]> {
  const tasks: AcrTask[] = [];
  let url: string | undefined = `${arm}${registryId}/tasks?${version}`;
  while (url) {
    const page: { value: AcrTask[]; nextLink?: string } = await rest('get', url);
    tasks.push(...page.value);
    url = page.nextLink;
  }
  return tasks;
}

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    only: { type: 'string' },
    resource: { type: 'string' },
    apply: { type: 'boolean', default: false },
    disable: { type: 'boolean', default: false },
  },
});
const [registry, plinth] = positionals;
if (!registry || !plinth) {
  console.error(
    'usage: npm run move-tasks -- REGISTRY PLINTH_URL [--only NAME] [--resource api://…] [--apply] [--disable]',
  );
  process.exit(2);
}

async function move(registry: string, plinth: string): Promise<void> {
  const registryId = registry.startsWith('/')
    ? registry
    : (await az<{ id: string }>('acr', 'show', '--name', registry)).id;
  const tasks = (await tasksOf(registryId)).filter(({ name }) => !values.only || name === values.only);
  const headers = values.apply ? await plinthHeaders(values.resource) : {};
  const counts = { carried: 0, incomplete: 0, refused: 0, failed: 0 };

  for (const { name } of tasks) {
    const path = `${registryId}/tasks/${name}`;
    // Only this answer holds the task's secrets.
    const result = carryTask(await rest<AcrTask>('post', `${arm}${path}/listDetails?${version}`));
    if (result.kind === 'refused') {
      counts.refused += 1;
      console.log(`${name}: stays with ACR Tasks`);
      for (const reason of result.reasons) console.log(`  ${reason}`);
      continue;
    }
    try {
      if (values.apply)
        await askPlinth(`${plinth.replace(/\/$/, '')}${path}`, headers, { method: 'PUT', body: result.body });
      if (values.apply && values.disable && result.kind === 'carried')
        await rest('patch', `${arm}${path}?${version}`, { properties: { status: 'Disabled' } });
    } catch (error) {
      counts.failed += 1;
      console.log(`${name}: failed\n  ${(error as Error).message}`);
      continue;
    }
    counts[result.kind] += 1;
    console.log(
      `${name}: ${values.apply ? 'carried' : 'can be carried'}${result.kind === 'incomplete' ? ', disabled' : ''}`,
    );
    if (result.kind === 'incomplete')
      console.log(`  give it again, then enable the task: ${result.missing.join(', ')}`);
    for (const remark of result.remarks) console.log(`  ${remark}`);
  }
  console.log(
    `${counts.carried} whole, ${counts.incomplete} disabled for want of a secret, ${counts.refused} left with ACR Tasks, ${counts.failed} failed`,
  );
  process.exitCode = counts.failed > 0 ? 1 : 0;
}

await asCommand('The tasks were not moved', () => move(registry, plinth));
