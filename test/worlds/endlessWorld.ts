import { putTask } from '../../shared/flow/api/tasks.ts';
import type { TaskCreate } from '../../shared/model/task.ts';
import { runByHand } from './diamondWorld.ts';
import { settle } from './settle.ts';
import { type Build, createWorld, runsOf, type World } from './world.ts';

/*
 * Tasks as a property test draws them, and an engine that carries them out by what was drawn: nothing here reads a
 * Dockerfile, a task file or an image name as the product does.
 */

export const registries = ['baseacr', 'midacr', 'appacr'];
/** Where nobody's task pushes; every other image is made by the task of its number. */
export const root = 'baseacr.azurecr.io/root:1';

export interface Drawn {
  /** Of `registries`: the task's own. */
  registry: number;
  /** How it names what it makes. */
  naming:
    | 'plain'
    | 'server'
    | 'capitals'
    | 'port'
    | 'variable'
    | 'credentials'
    | 'twice'
    | 'file'
    | 'fileAlias';
  trigger: 'Runtime' | 'All' | 'none' | 'off';
  isDisabled: boolean;
  pushes: boolean;
  /** Its last stage is FROM this: a task's number, -1 for the root. */
  stands: number;
  /** What its other stages are FROM, and what it copies from: as a cache, also of its own last image. */
  takes: { image: number; how: 'stage' | 'copy' }[];
  /** How it writes registries in its Dockerfile. */
  spelling: 'plain' | 'capitals' | 'port' | 'region' | 'argument';
  /** What it builds is another image of the base's index than that of the task's platform. */
  otherPlatform: boolean;
}

const nameOf = (at: number) => (at < 0 ? 'root' : `img${at}`);

/** The registry in which a task's image lies. */
const homeOf = ({ registry, naming }: Drawn) =>
  registries[naming === 'credentials' ? (registry + 1) % registries.length : registry]!;

export const imageOf = (drawn: Drawn[], at: number) =>
  at < 0 ? root : `${homeOf(drawn[at]!)}.azurecr.io/${nameOf(at)}:1`;

function spelled(image: string, spelling: Drawn['spelling']): string {
  const [host = '', rest] = image.split('/');
  const region = host.replace('.azurecr.io', '.westeurope.geo.azurecr.io');
  const written = {
    plain: host,
    capitals: `${host[0]!.toUpperCase()}${host.slice(1, 4)}${host.slice(4).toUpperCase()}`,
    port: `${host}:443`,
    region,
    argument: `\${${host.replace(/\..*/, '').toUpperCase()}}`,
  };
  return `${written[spelling]}/${rest}`;
}

function dockerfileOf(drawn: Drawn[], at: number): string {
  const { stands, takes, spelling } = drawn[at]!;
  const name = (image: number) => spelled(imageOf(drawn, image), spelling);
  // COPY --from takes no variable.
  const copied = (image: number) =>
    spelled(imageOf(drawn, image), spelling === 'argument' ? 'capitals' : spelling);
  return [
    ...registries.map((registry) => `ARG ${registry.toUpperCase()}=${registry}.azurecr.io`),
    ...takes.flatMap(({ image, how }, stage) =>
      how === 'stage' ? [`FROM ${name(image)} AS s${stage}`] : [],
    ),
    `FROM ${name(stands)}`,
    ...takes.map(
      ({ image, how }, stage) => `COPY --from=${how === 'stage' ? `s${stage}` : copied(image)} / /${stage}`,
    ),
    `LABEL task="task ${at} of the drawn ones"`,
    '',
  ].join('\n');
}

function stepOf(drawn: Drawn[], at: number, contextPath: string): TaskCreate['properties']['step'] {
  const one = drawn[at]!;
  const { naming, pushes } = one;
  const server = `${registries[one.registry]}.azurecr.io`;
  const image = `${nameOf(at)}:1`;
  if (naming === 'file' || naming === 'fileAlias') {
    const target = naming === 'file' ? `{{.Run.Registry}}/${image}` : '$Registry/$repo:1';
    const text = [
      'version: v1.1.0',
      ...(naming === 'fileAlias' ? [`alias:\n  values:\n    repo: ${nameOf(at)}`] : []),
      `steps:\n  - build: -t ${target} .`,
      ...(pushes ? [`  - push: ["${target}"]`] : []),
    ].join('\n');
    return {
      type: 'EncodedTask',
      encodedTaskContent: Buffer.from(text).toString('base64'),
      values: [],
      contextPath,
    };
  }
  const names = {
    plain: [image],
    server: [`${server}/${image}`],
    capitals: [`${server.toUpperCase()}/${image}`],
    port: [`${server}:443/${image}`],
    variable: [`{{.Run.Registry}}/${image}`],
    credentials: [imageOf(drawn, at)],
    twice: [image, `${nameOf(at)}:{{.Run.ID}}`],
  };
  return {
    type: 'Docker',
    contextPath,
    dockerFilePath: 'Dockerfile',
    imageNames: names[naming],
    isPushEnabled: pushes,
    noCache: false,
    arguments: [],
  };
}

function taskOf(world: World, drawn: Drawn[], at: number): TaskCreate {
  const one = drawn[at]!;
  const task = world.task(`task${at}`, []);
  world.dockerfile(`task${at}`, dockerfileOf(drawn, at));
  const credentials = {
    customRegistries: {
      [`${homeOf(one)}.azurecr.io`]: {
        userName: { type: 'Opaque' as const, value: 'user' },
        password: { type: 'Opaque' as const, value: 'hush' },
      },
    },
  };
  const { trigger: _, ...properties } = task.properties;
  return {
    ...task,
    properties: {
      ...properties,
      status: one.isDisabled ? 'Disabled' : 'Enabled',
      step: stepOf(drawn, at, `https://git.example.com/task${at}.git`),
      ...(one.naming === 'credentials' && { credentials }),
      ...(one.trigger !== 'none' && {
        trigger: {
          baseImageTrigger: {
            name: 'base',
            baseImageTriggerType: one.trigger === 'off' ? 'All' : one.trigger,
            status: one.trigger === 'off' ? 'Disabled' : 'Enabled',
          },
        },
      }),
    },
  };
}

/** A world in which the drawn tasks were put and run once by hand, and everything came to rest. */
export async function endlessWorld(drawn: Drawn[]) {
  const plain = createWorld({ registries, runsPerRegistry: 3 });
  /** Every move of an image since somebody last emptied it. */
  const moves: string[] = [];
  /** The task of every build, likewise. */
  const built: number[] = [];
  const layersOf = new Map<string, { main: string[]; other: string[] }>();
  let serial = 0;
  const tasksOf = new Map<Build, { at: number; digests: Map<string, string> }>();

  const move = (image: string, below: { main: string[]; other: string[] }) => {
    const digest = `sha256:${(++serial).toString(16).padStart(64, 'f')}`;
    layersOf.set(digest, {
      main: [...below.main, `main-${serial}`],
      other: [...below.other, `other-${serial}`],
    });
    moves.push(image);
    plain.push(image, digest);
    return digest;
  };
  const none = { main: [], other: [] };

  const { engine, registry } = plain.ports;
  engine.schedule = async (registryName, request) => {
    const dockerfile = request.source ?? '';
    const at = Number(/task="task (\d+) of/.exec(dockerfile)![1]);
    const digests = new Map(
      [...dockerfile.matchAll(/\/(root|img\d+)@(sha256:\w+)/g)].map(([, name, digest]) => [name!, digest!]),
    );
    const build = {
      registry: registryName,
      run: { runId: `e${++serial}`, status: 'Queued', outputImages: [] },
      request,
      bases: new Map(),
      scheduledAt: plain.now(),
    } as unknown as Build;
    plain.builds.push(build);
    built.push(at);
    tasksOf.set(build, { at, digests });
    return build.run;
  };
  const images = (digest: string) => {
    const { main, other } = layersOf.get(digest)!;
    return [
      { platform: { os: 'linux', architecture: 'amd64' }, layers: main },
      { platform: { os: 'linux', architecture: 'arm64' }, layers: other },
    ];
  };
  Object.assign(registry, {
    async *imagesOf({ digest }: { digest: string }) {
      yield* single.has(digest) ? images(digest).slice(0, 1) : images(digest);
    },
  });
  /** What a task makes is one image and no index. */
  const single = new Set<string>();

  const world: World = {
    ...plain,
    end(build, status) {
      if (plain.hasEnded(build)) return;
      const { at, digests } = tasksOf.get(build)!;
      build.run.status = status;
      build.run.finishTime = new Date(plain.now()).toISOString();
      if (status === 'Failed' || !drawn[at]!.pushes) return;
      const base = digests.get(nameOf(drawn[at]!.stands))!;
      const [, other] = images(base);
      const below = drawn[at]!.otherPlatform && !single.has(base) ? other!.layers : layersOf.get(base)!.main;
      const image = imageOf(drawn, at);
      const digest = move(image, { main: below, other: [] });
      single.add(digest);
      build.run.outputImages.push({
        registry: image.split('/')[0]!,
        repository: nameOf(at),
        tag: '1',
        digest,
      });
    },
  };

  move(root, none);
  for (const at of drawn.keys()) move(imageOf(drawn, at), none);
  world.events.splice(0);
  const put = new Set<number>();
  for (const [at, { registry: knownRegistry }] of drawn.entries()) {
    const known = world.ports.settings.registries[knownRegistry]!;
    try {
      await putTask(known, `task${at}`, taskOf(world, drawn, at), world.ports);
      put.add(at);
    } catch (error) {
      if ((error as { code?: string }).code !== 'TaskRing') throw error;
    }
  }
  for (const at of put)
    if (!drawn[at]!.isDisabled) {
      await runByHand(world, registries[drawn[at]!.registry]!, `task${at}`);
      await settle(world);
    }
  return {
    world,
    moves,
    built,
    /** Moves the root, and lets the world come to rest. */
    async pushRoot() {
      moves.splice(0);
      built.splice(0);
      move(root, none);
      await settle(world);
    },
    runs: async () => (await Promise.all(registries.map((name) => runsOf(world, name)))).flat(),
  };
}
