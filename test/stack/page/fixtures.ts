import type { GraphAnswer, LiveAnswer, RegistriesAnswer } from '../../../shared/graph/answers.ts';
import { toGraph } from '../../../shared/graph/compact.ts';
import type { TaskState } from '../../../shared/model/state.ts';
import { sampleState } from '../../doubles/storeContract.ts';
import type { Api, ApiAnswer } from './fixtureServer.ts';
import { digest, held, judging, minutesAgo, policies } from './heldFixtures.ts';

export const hostile = '\u202Egnp.exe<img src=x onerror=alert(1)>';

/** A task on images, which makes one; built, unless said otherwise. */
function state(registry: string, task: string, bases: string[], changes: Partial<TaskState> = {}): TaskState {
  const pins = bases.map((image) => ({ image, type: 'RunTime' as const, digest: digest('a') }));
  return {
    ...sampleState(registry, task),
    bases: pins.map((pin) => ({ ...pin, pinnedAt: minutesAgo(600) })),
    built: { runId: 'ca1', pins, seconds: 60 },
    last: {
      ...{ runId: 'ca1', status: 'Succeeded' as const, inputs: '', failures: 0 },
      ...{ automatic: true, endedAt: minutesAgo(590) },
    },
    outputs: [`${registry}.azurecr.io/${task}:main`],
    open: [],
    ...changes,
  };
}

const behind = (minutes: number) => ({
  newer: { digest: digest('b'), since: minutesAgo(minutes), at: minutesAgo(minutes), push: 'push-1' },
});
const stale = (one: TaskState, minutes: number): TaskState => ({
  ...one,
  bases: one.bases.map((base) => ({ ...base, ...behind(minutes) })),
});
const failed = (failures: number) => ({
  last: {
    ...{ runId: 'cf1', status: 'Failed' as const, inputs: '', failures, automatic: true },
    endedAt: minutesAgo(30),
  },
});

/** A registry of each mark: two levels, a wave that goes on, a failure, a name that means harm. */
export function everyMark(): TaskState[] {
  const node = 'baseacr.azurecr.io/node:main';
  const on = (task: string, changes: Partial<TaskState> = {}) => state('teamacr', task, [node], changes);
  const { built: _, ...never } = on('never-built', { bases: [] });
  return [
    state('baseacr', 'node', ['docker.io/library/node:22']),
    on('fresh'),
    stale(on('running', { open: [{ runId: 'cr1', phase: 'Pinned', automatic: true, canonical: true }] }), 5),
    stale(on('queued', { open: [{ runId: 'cq1', phase: 'Queued', automatic: true, canonical: true }] }), 5),
    stale(on('failed', failed(1)), 180),
    stale(on('stopped', failed(3)), 240),
    stale(on('off', { trigger: 'Disabled' }), 52),
    state('teamacr', 'on-failed', ['teamacr.azurecr.io/failed:main']),
    state('teamacr', 'on-top', ['teamacr.azurecr.io/off:main']),
    state('teamacr', 'held', ['docker.io/library/young:1']),
    state('teamacr', 'bad-base', ['quay.io/bad/base:1']),
    state('teamacr', 'not-seen', ['quay.io/gone/away:1']),
    never,
    { ...on('hostile'), task: 'hostile', outputs: [`teamacr.azurecr.io/${hostile}:main`] },
  ];
}

/** So many images over ten registries: four waves, some of them stale or failed. */
export function manyImages(count: number): TaskState[] {
  const perRegistry = count / 10;
  return Array.from({ length: count }, (_, at) => {
    const [registry, place] = [`team${Math.floor(at / perRegistry)}acr`, at % perRegistry];
    const bases =
      place < 2
        ? ['docker.io/library/node:22']
        : place < 12
          ? [`${registry}.azurecr.io/app-${place % 2}:main`]
          : [
              `team0acr.azurecr.io/app-${(place % 10) + 2}:main`,
              `${registry}.azurecr.io/app-${(place % 7) + 2}:main`,
            ];
    const one = state(registry, `app-${place}`, bases);
    if (place % 97 === 13) return { ...stale(one, 60), ...failed(1) };
    return place % 53 === 20 ? stale(one, 30) : one;
  });
}

export const registriesOf = (states: TaskState[]) => [...new Set(states.map(({ registry }) => registry))];

interface Made {
  states: TaskState[];
  log?: string;
  roles?: string[];
  /** Answers that are not the usual, by the beginning of the path. */
  instead?: Record<string, ApiAnswer>;
}

/** The API over states: what the operations of the product answer, in their types. */
export function apiOver({
  states,
  log = '',
  roles = ['Tasks.Read', 'Tasks.Write', 'Bases.Judge'],
  instead = {},
}: Made): Api {
  const names = registriesOf(states);
  const registries: RegistriesAnswer = {
    registries: names.map((name) => ({
      name,
      id: `/subscriptions/s/registries/${name}`,
      loginServer: `${name}.azurecr.io`,
    })),
    runsAtOnce: 10,
    policies,
    you: { by: 'FunctionKey', roles },
  };
  return (method, url) => {
    const { pathname, searchParams } = url;
    const other = Object.entries(instead).find(([start]) => `${pathname}${url.search}`.startsWith(start));
    if (other) return other[1];
    const registry = searchParams.get('registry') ?? '';
    if (pathname === '/registries') return { json: registries };
    if (pathname === '/graph') return { json: graph(states, registry, searchParams) };
    if (pathname === '/held') return { json: held() };
    if (pathname === '/live') return { json: live(names) };
    if (pathname === '/pushes') return { json: { value: [pushOfDay] } };
    if (pathname.startsWith('/logs/')) return { text: log };
    if (pathname.endsWith('/listLogSasUrl'))
      return { json: { logLink: 'https://elsewhere.example/logs/a/b/log.txt?sig=s' } };
    if (/\/decisions$/.test(pathname))
      return { json: { value: [decision('started', 'built on aaaa, now bbbb')] } };
    if (/\/pushes\//.test(pathname)) return { json: { value: decisions(pathname.endsWith('/push-0')) } };
    if (/\/runs\/\w+$/.test(pathname)) return { json: runOf(pathname.split('/').at(-1)!) };
    if (/\/runs$/.test(pathname)) return { json: { value: [runOf('ca1')] } };
    if (/\/(baseImages|plan|quarantine|admit|release)$/.test(pathname)) return { json: judging(pathname) };
    if (method === 'POST') return { json: { name: 'cn1' } };
    return { status: 404, code: 'NotFound', message: `Nothing is at ${pathname}.` };
  };
}

function graph(states: TaskState[], registry: string, query: URLSearchParams): GraphAnswer {
  const wanted = query.getAll('task');
  const own = states.filter(
    (one) => one.registry === registry && (wanted.length === 0 || wanted.includes(one.task)),
  );
  return toGraph(registry, own);
}

const live = (names: string[]): LiveAnswer => ({
  registries: names.map((name) => ({
    name,
    running: name === 'teamacr' ? ['cr1'] : [],
    queued: name === 'teamacr' ? [{ runId: 'cq1', automatic: true, waiting: false }] : [],
    runs:
      name === 'teamacr'
        ? [
            {
              runId: 'cq1',
              task: 'queued',
              status: 'Queued',
              createTime: minutesAgo(2),
              ...told(),
              waits: 'waits for a place',
            },
            {
              runId: 'cr1',
              task: 'running',
              status: 'Running',
              createTime: minutesAgo(3),
              startTime: minutesAgo(1),
              ...told(),
            },
          ]
        : [],
  })),
});

const told = () => ({
  push: 'push-1',
  pushed: { image: 'baseacr.azurecr.io/node:main', digest: digest('b'), time: minutesAgo(5) },
});

const pushed = () => ({
  id: 'push-1',
  image: 'baseacr.azurecr.io/node:main',
  digest: digest('b'),
  timestamp: minutesAgo(5),
});
const pushOfDay = {
  ...{ id: 'push-1', image: 'baseacr.azurecr.io/node:main', digest: digest('b'), time: minutesAgo(5) },
  decided: { started: 2, merged: 0, waits: 0, skipped: 1, held: 0 },
};

/** @param hasFailed of a push so long ago that what failed of its first wave has been tried since */
const decisions = (hasFailed: boolean) =>
  [
    decision('started', 'built on aaaa, now bbbb'),
    decision('held', 'bbbb is held until tomorrow'),
    decision('skipped', 'off is disabled'),
  ].map((one) => (hasFailed ? { ...one, push: { ...one.push, timestamp: minutesAgo(300) } } : one));

const decision = (verdict: string, reason: string) => ({
  push: pushed(),
  registry: 'teamacr',
  task: { skipped: 'off', held: 'held' }[verdict] ?? 'running',
  ...{ verdict, reason, time: minutesAgo(5) },
  ...(verdict === 'started' && { runId: 'cr1' }),
});

const runOf = (runId: string) => ({
  name: runId,
  properties: {
    status: runId === 'cq1' ? 'Queued' : runId === 'cr1' ? 'Running' : 'Succeeded',
    task: runId === 'cq1' ? 'queued' : 'running',
    createTime: minutesAgo(3),
    ...(runId !== 'cq1' && { startTime: minutesAgo(2) }),
    ...(runId === 'ca1' && { finishTime: minutesAgo(1) }),
    imageUpdateTrigger: {
      id: 'push-1',
      images: [{ registry: 'baseacr.azurecr.io', repository: 'node', tag: 'main', digest: digest('b') }],
    },
    plinth: {
      baseImageDependencies: [
        {
          type: 'Runtime',
          registry: 'baseacr.azurecr.io',
          repository: 'node',
          tag: 'main',
          digest: digest('b'),
        },
      ],
      ...(runId === 'cq1' && {
        queuePlace: { position: 3, reason: 'waits for run cr1: it stands on what it makes' },
      }),
    },
  },
});
