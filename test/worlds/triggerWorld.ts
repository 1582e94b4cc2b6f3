import { createAesSeal } from '../../shared/adapters/secrets/aesSeal.ts';
import { deleteTask } from '../../shared/flow/api/deleteTask.ts';
import { patchTask, putTask } from '../../shared/flow/api/tasks.ts';
import type { Run } from '../../shared/model/run.ts';
import { TaskCreate } from '../../shared/model/task.ts';
import type { Hook } from '../../shared/model/webhook.ts';
import type { Ports } from '../../shared/ports/ports.ts';
import type { StartMessage } from '../../shared/ports/queue.ts';
import type { SourceControlToken } from '../../shared/ports/sourceControl.ts';
import type { Store } from '../../shared/ports/store.ts';
import { sampleSettings } from '../doubles/storeContract.ts';
import { createMemoryStore } from './memoryStore.ts';

export const knownRegistry = {
  name: 'appacr',
  id: '/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/appacr',
  loginServer: 'appacr.azurecr.io',
  endpoint: 'https://appacr.azurecr.io',
};

export type SourceTriggerGiven = Record<string, unknown> & { sourceRepository?: Record<string, unknown> };

/** A source trigger as az sends one, with what a test wants otherwise. */
export const sourceTrigger = ({ sourceRepository, ...rest }: SourceTriggerGiven = {}) => ({
  name: 'defaultSourceTriggerName',
  sourceTriggerEvents: ['commit'],
  status: 'Enabled',
  sourceRepository: {
    sourceControlType: 'Github',
    repositoryUrl: 'https://github.com/team/app.git#main',
    branch: 'main',
    sourceControlAuthProperties: { tokenType: 'PAT', token: 'pat-1', scope: 'repo' },
    ...sourceRepository,
  },
  ...rest,
});

/** A task of the given triggers. */
export const taskOf = (trigger: object, properties: Record<string, unknown> = {}): TaskCreate =>
  TaskCreate.parse({
    location: 'local',
    identity: { type: 'SystemAssigned' },
    properties: {
      platform: { os: 'linux' },
      step: {
        type: 'Docker',
        contextPath: 'https://github.com/team/app.git#main:src/web',
        dockerFilePath: 'Dockerfile',
        imageNames: ['app:{{.Run.ID}}'],
      },
      trigger,
      ...properties,
    },
  });

/** What was asked of the repositories' servers; `fail` makes them fail. */
export interface FakeSourceControl {
  calls: { call: 'register' | 'remove'; hook: Hook; token: SourceControlToken; secret?: string }[];
  fail: Error | undefined;
}

/** The flow in memory, with a clock that a test sets. */
export function createWorld({ store = createMemoryStore(), publicUrl = 'https://plinth.example.com' } = {}) {
  const rung: StartMessage[] = [];
  const lines: string[] = [];
  const hooks: FakeSourceControl = { calls: [], fail: undefined };
  let now = new Date('2026-11-23T10:00:30.000Z');
  const answer = async (call: FakeSourceControl['calls'][number]) => {
    hooks.calls.push(call);
    if (hooks.fail) throw hooks.fail;
  };
  const parts: Partial<Ports> = {
    settings: { ...sampleSettings, registries: [knownRegistry], publicUrl },
    store,
    queue: {
      reach: async () => {},
      sendStart: async (doorbells) => void rung.push(...doorbells),
      sendPush: async () => {},
      sendFollow: async () => {},
    },
    seal: createAesSeal([Buffer.alloc(32, 7)]),
    clock: { now: () => now },
    log: (level, message, facts) => void lines.push(`${level} ${message} ${JSON.stringify(facts ?? {})}`),
    sourceControl: {
      async register(hook, secret, token) {
        await answer({ call: 'register', hook, token, secret });
        return ['hook-1'];
      },
      remove: (hook, token) => answer({ call: 'remove', hook, token }),
    },
  };
  const ports = new Proxy(parts, {
    get(target, name: keyof Ports) {
      if (target[name] === undefined) throw new Error(`no ${String(name)} in this world`);
      return target[name];
    },
  }) as Ports;
  return {
    ports,
    store: store as Store,
    rung,
    lines,
    hooks,
    at(time: string) {
      now = new Date(`2026-11-23T${time}Z`);
    },
    atDate(time: string) {
      now = new Date(time);
    },
    put: (name: string, create: TaskCreate) => putTask(knownRegistry, name, create, ports),
    patch: (name: string, change: object) => patchTask(knownRegistry, name, change, ports),
    remove: (name: string) => deleteTask(knownRegistry, name, ports),
    async runs(): Promise<Run[]> {
      const found: Run[] = [];
      for await (const run of store.runs(knownRegistry.name)) found.unshift(run);
      return found;
    },
  };
}
