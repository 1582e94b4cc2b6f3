/**
 * Shows in a terminal what the API answers: what is stale and why, what runs and waits, and what a push would set off.
 *
 *   npm run look -- stale REGISTRY            tasks that are not built on their newest base images, the longest first
 *   npm run look -- why REGISTRY TASK         why one is not, up to the first cause
 *   npm run look -- held                      base images whose newest digest is held, why and until when
 *   npm run look -- decisions REGISTRY TASK   what the last pushes meant for a task
 *   npm run look -- pushes [DAY]              the pushes of a day, as 2026-11-23; today's without one
 *   npm run look -- plan REGISTRY IMAGE       what a push of an image would rebuild
 *   npm run look -- live                      what runs and waits now
 *
 *   --url        where Plinth is; else AZURE_FUNCTION_URL, else http://localhost:7071
 *   --resource   where Plinth asks for Entra tokens; else the function key is taken from PLINTH_KEY
 *   --json       the answer as it came, for scripts
 *
 * Ends with 1 where something is stale (`stale`, `why`), so that a script can ask, and with 2 where it could not look.
 */
import { parseArgs } from 'node:util';
import type {
  HeldAnswer,
  LiveAnswer,
  PlanAnswer,
  PushesAnswer,
  StaleAnswer,
  StaleTask,
  WhyAnswer,
} from '../../shared/graph/answers.ts';
import { asCommand } from './asCommand.ts';
import { askPlinth, plinthHeaders } from './plinthApi.ts';

/** What a command shows, and whether that is a finding. */
interface Shown {
  answer: object;
  lines: string[];
  found?: boolean;
}
type Ask = <T>(path: string, body?: object) => Promise<T>;

/** As many lines of a list as a terminal shows; the answer has the rest. */
const decisionsShown = 20;

const staleLine = ({ because, says, maker, runId }: StaleTask) =>
  `${because.padEnd(15)} ${says}${maker ? ` See why ${maker.registry} ${maker.task}.` : ''}${
    because === 'failed' || because === 'stopped' ? ` Its log: az acr task logs --run-id ${runId}.` : ''
  }`;

async function stale(ask: Ask, [registry]: string[]): Promise<Shown> {
  const answer = await ask<StaleAnswer>(`registries/${registry}/stale`);
  const lines = answer.value.map(staleLine);
  const none = 'Every task is built on the newest base images that Plinth has seen.';
  const unread = answer.unread.map((fault) => `could not be read: ${fault}`);
  return {
    answer,
    lines: [...(lines.length > 0 ? lines : [none]), ...unread],
    found: lines.length + unread.length > 0,
  };
}

async function why(ask: Ask, [registry, task]: string[]): Promise<Shown> {
  const answer = await ask<WhyAnswer>(`registries/${registry}/tasks/${task}/why`);
  const lines = answer.fresh ? [answer.says] : answer.steps.map(staleLine);
  return { answer, lines, found: !answer.fresh };
}

async function held(ask: Ask): Promise<Shown> {
  const answer = await ask<HeldAnswer>('held');
  const lines = answer.value.map(
    ({ image, reason, admissible }) =>
      `${image}: ${reason}. ${admissible ? `Built on: ${admissible}` : 'There is no digest to build on'}.`,
  );
  const said = answer.judgements.map(
    ({ image, digest, verdict, reason, time }) => `${time} ${verdict} ${digest} of ${image}: ${reason}`,
  );
  const paused = (answer.pausedTasks ?? []).map(({ tasks, reason }) => `${tasks} is paused: ${reason}`);
  return { answer, lines: [...(lines.length > 0 ? lines : ['No base image is held.']), ...paused, ...said] };
}

interface Decisions {
  value: { time: string; verdict: string; reason: string; push: { id: string; image: string } }[];
}
async function decisions(ask: Ask, [registry, task]: string[]): Promise<Shown> {
  const answer = await ask<Decisions>(
    `registries/${registry}/tasks/${task}/decisions?$top=${decisionsShown}`,
  );
  const lines = answer.value.map(
    ({ time, verdict, reason, push }) =>
      `${time} ${verdict.padEnd(7)} ${push.image}: ${reason} (push ${push.id})`,
  );
  return { answer, lines: lines.length > 0 ? lines : [`No push of a base image of ${task} is recorded.`] };
}

async function pushes(ask: Ask, [day]: string[]): Promise<Shown> {
  const answer = await ask<PushesAnswer>(`pushes?$top=1000${day ? `&day=${day}` : ''}`);
  const lines = answer.value.map(({ id, time = '', image = '', decided }) => {
    const counts = Object.entries(decided ?? {}).filter(([, count]) => count > 0);
    return `${time} ${image} ${counts.map(([verdict, count]) => `${count} ${verdict}`).join(', ')} (push ${id})`;
  });
  const none = 'No push of an image on which a task is built is recorded for that day.';
  return {
    answer,
    lines: [...(lines.length > 0 ? lines : [none]), ...(answer.nextLink ? ['… and more'] : [])],
  };
}

async function plan(ask: Ask, [registry, image]: string[]): Promise<Shown> {
  const answer = await ask<PlanAnswer>(`registries/${registry}/plan`, { image });
  const about = (seconds: number | undefined) => (seconds === undefined ? '' : `, about ${seconds} s`);
  const tasks = answer.waves.reduce((sum, wave) => sum + wave.tasks.length, 0);
  const lines = answer.waves.map(
    ({ tasks, seconds }, at) =>
      `wave ${at + 1}: ${tasks.map(({ registry, task }) => `${registry}/${task}`).join(', ')}${about(seconds)}`,
  );
  const sum = `${tasks} tasks in ${answer.waves.length} waves${about(answer.seconds)}. Nothing was started.`;
  const held = (answer.held ?? []).map(({ registry, task, reason }) => `held ${registry}/${task}: ${reason}`);
  const not = answer.skipped.map(({ registry, task, reason }) => `not ${registry}/${task}: ${reason}`);
  return { answer, lines: [...lines, ...held, ...not, answer.message ?? sum] };
}

async function live(ask: Ask): Promise<Shown> {
  const answer = await ask<LiveAnswer>('live');
  const lines = answer.registries.flatMap(({ name, fault, running, queued, more, runs }) => [
    fault ?? `${name}: ${running.length} run, ${queued.length}${more ? ' and more' : ''} wait`,
    ...runs
      .filter(({ status }) => ['Queued', 'Started', 'Running'].includes(status))
      .map(
        ({ runId, task = 'a build of its own', status, waits, nextTry, givenUpAt }) =>
          `  ${runId} ${task} ${status}${waits ? `: ${waits}` : ''}${nextTry ? `; next try ${nextTry}` : ''}${
            givenUpAt ? `, the last ${givenUpAt}` : ''
          }`,
      ),
  ]);
  return { answer, lines };
}

const commands: Record<
  string,
  { show: (ask: Ask, given: string[]) => Promise<Shown>; takes: [number, number] }
> = {
  stale: { show: stale, takes: [1, 1] },
  why: { show: why, takes: [2, 2] },
  held: { show: held, takes: [0, 0] },
  decisions: { show: decisions, takes: [2, 2] },
  pushes: { show: pushes, takes: [0, 1] },
  plan: { show: plan, takes: [2, 2] },
  live: { show: live, takes: [0, 0] },
};
const usage =
  'usage: npm run look -- stale REGISTRY | why REGISTRY TASK | held | decisions REGISTRY TASK | pushes [DAY] | plan REGISTRY IMAGE | live [--url URL] [--resource api://…] [--json]';

/** What others have named goes to the terminal without its controls and marks of direction. */
const plain = (line: string) => line.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, '?');

await asCommand('Could not look', async () => {
  process.exitCode = 2;
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { url: { type: 'string' }, resource: { type: 'string' }, json: { type: 'boolean' } },
  });
  const [name = '', ...given] = positionals;
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!command || given.length < command.takes[0] || given.length > command.takes[1]) throw new Error(usage);
  const url = (values.url ?? process.env.AZURE_FUNCTION_URL ?? 'http://localhost:7071').replace(/\/$/, '');
  const headers = await plinthHeaders(values.resource);
  const ask: Ask = (path, body) => askPlinth(`${url}/${path}`, headers, body ? { method: 'POST', body } : {});
  const names = name === 'plan' ? [encodeURIComponent(given[0]!), given[1]!] : given.map(encodeURIComponent);
  const { answer, lines, found = false } = await command.show(ask, names);
  console.log(values.json ? JSON.stringify(answer, undefined, 2) : lines.map(plain).join('\n'));
  process.exitCode = found ? 1 : 0;
});
