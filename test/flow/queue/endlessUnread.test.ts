import assert from 'node:assert/strict';
import { test } from 'uvu';
import { putTask } from '../../../shared/flow/api/tasks.ts';
import { TaskCreate } from '../../../shared/model/task.ts';
import { SourceError } from '../../../shared/ports/sourceContext.ts';
import { runByHand } from '../../worlds/diamondWorld.ts';
import { settle } from '../../worlds/settle.ts';
import { type Build, createWorld, runsOf, type World } from '../../worlds/world.ts';

const registry = 'baseacr';
const server = 'baseacr.azurecr.io';

interface Unread {
  name: string;
  base: string;
  makes: string[];
}

/** A world whose contexts only the engine reads: what is built on what is told by the end of each log alone. */
function unreadWorld(tasks: Unread[], kind: 'runtime' | 'buildtime'): World {
  const world = createWorld({ registries: [registry], runsPerRegistry: 3 });
  const { ports } = world;
  const digestOf = new Map<string, string>();
  let serial = 0;
  ports.source.fetch = async () => {
    throw new SourceError('TooLarge', 'The context is too large.');
  };
  const taskOf = ({ request }: Build) => tasks.find(({ name }) => request.source!.includes(`/${name}.git`))!;
  ports.engine.schedule = async (of, request) => {
    const run = { runId: `e${++serial}`, status: 'Queued' as const, outputImages: [] };
    world.builds.push({ registry: of, run, request, bases: new Map(), scheduledAt: world.now() } as Build);
    return run;
  };
  ports.engine.log = async (_, id) => {
    const build = world.builds.find(({ run }) => run.runId === id)!;
    const { base } = taskOf(build);
    const [repository, tag] = base.split(':');
    const text = `The following dependencies were found:
- image:
    registry: ${server}
    repository: any
    tag: "1"
    digest: sha256:${'a'.repeat(64)}
  ${kind}-dependency:
    registry: ${server}
    repository: ${repository}
    tag: "${tag}"
    digest: ${digestOf.get(id)}

Run ID: ${id} was successful after 3s
`;
    const bytes = Buffer.from(text);
    return { length: bytes.length, read: async (start, end) => bytes.subarray(start, end) };
  };
  const end = (build: Build) => {
    const task = taskOf(build);
    const below = world.tags.get(`${server}/${task.base}`)!;
    digestOf.set(build.run.runId, below);
    const { layers } = world.past();
    const made = `sha256:${(++serial).toString(16).padStart(64, 'b')}`;
    for (const name of task.makes) {
      const [repository = '', tag = ''] = name.replace('RUN', build.run.runId).split(':');
      world.push(`${server}/${repository}:${tag}`, made, layers.get(below) ?? []);
      build.run.outputImages.push({ registry: server, repository, tag, digest: made });
    }
  };
  return {
    ...world,
    end(build, status) {
      if (world.hasEnded(build)) return;
      build.run.status = status;
      build.run.finishTime = new Date(world.now()).toISOString();
      end(build);
    },
  };
}

async function start(
  tasks: Unread[],
  kind: 'runtime' | 'buildtime',
  trigger: 'All' | 'Runtime',
): Promise<World> {
  const world = unreadWorld(tasks, kind);
  const knownRegistry = world.ports.settings.registries[0]!;
  for (const image of new Set(tasks.map(({ base }) => base))) world.push(`${server}/${image}`);
  world.events.splice(0);
  for (const { name } of tasks) {
    const { properties } = world.task(name, [], `${name}:1`, trigger);
    const step = {
      type: 'FileTask',
      contextPath: `https://git.example.com/${name}.git`,
      taskFilePath: 'acb.yaml',
    };
    await putTask(
      knownRegistry,
      name,
      TaskCreate.parse({ location: 'local', properties: { ...properties, step } }),
      world.ports,
    );
  }
  for (const { name } of tasks) await runByHand(world, registry, name);
  await settle(world);
  return world;
}

const self: Unread[] = [{ name: 'self1', base: 'self:1', makes: ['self:1'] }];
const twice: Unread[] = [{ name: 'self2', base: 'self:1', makes: ['other:RUN', 'self:1'] }];
const two: Unread[] = [
  { name: 'taska', base: 'bb:1', makes: ['aa:1'] },
  { name: 'taskb', base: 'aa:1', makes: ['bb:1'] },
];
const three: Unread[] = [
  { name: 'taska', base: 'cc:1', makes: ['aa:1'] },
  { name: 'taskb', base: 'aa:1', makes: ['bb:1'] },
  { name: 'taskc', base: 'bb:1', makes: ['cc:1'] },
];
const rings: [title: string, tasks: Unread[], kind: 'runtime' | 'buildtime', trigger: 'All' | 'Runtime'][] = [
  ['a task on its own image', self, 'runtime', 'All'],
  ['a task on its own image, at run time only', self, 'runtime', 'Runtime'],
  ['a task on its own image as a build stage', self, 'buildtime', 'All'],
  ['a task on one of its images', twice, 'runtime', 'All'],
  ['two tasks on each other', two, 'runtime', 'All'],
  ['three tasks in a ring', three, 'runtime', 'Runtime'],
];
for (const [title, tasks, kind, trigger] of rings)
  test(`${title}, whose sources only the engine reads, end as a ring`, async () => {
    const world = await start(tasks, kind, trigger);
    const runs = await runsOf(world, registry);
    assert.ok(runs.length <= 4 * tasks.length, `${runs.length} runs`);
    assert.ok(
      runs.some(({ runErrorMessage }) => /is built on/.test(runErrorMessage ?? '')),
      JSON.stringify(runs.map(({ status, runErrorMessage }) => [status, runErrorMessage])),
    );
  });

test('images that are new with each run have no dependents', async () => {
  const world = await start([{ name: 'plain', base: 'base:1', makes: ['app:RUN'] }], 'runtime', 'All');
  assert.deepEqual((await world.ports.store.state(registry, 'plain'))?.value.outputs, []);
});

test.run();
