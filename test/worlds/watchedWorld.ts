import {
  AggregationTemporality,
  InMemoryMetricExporter,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { createAesSeal } from '../../shared/adapters/secrets/aesSeal.ts';
import { observedPorts } from '../../shared/adapters/telemetry/observedPorts.ts';
import { provide } from '../../shared/adapters/telemetry/otelExport.ts';
import { createOtelTelemetry } from '../../shared/adapters/telemetry/otelTelemetry.ts';
import type { Ports } from '../../shared/ports/ports.ts';
import type { FollowMessage, StartMessage } from '../../shared/ports/queue.ts';
import type { EngineRun } from '../../shared/ports/runEngine.ts';
import type { Invocation } from '../../shared/ports/telemetry.ts';
import { createMemoryStore } from './memoryStore.ts';

const registryId = (name: string) =>
  `/subscriptions/1/resourceGroups/rg/providers/Microsoft.ContainerRegistry/registries/${name}`;
const known = (name: string) => ({
  name,
  id: registryId(name),
  loginServer: `${name}.azurecr.io`,
  endpoint: `https://${name}.azurecr.io`,
});

/** The flow on ports in memory, watched by OpenTelemetry with exporters in memory. */
export function createWatchedWorld() {
  const spans = new InMemorySpanExporter();
  const points = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter: points, exportIntervalMillis: 3_600_000 });
  const telemetry = createOtelTelemetry(provide([new SimpleSpanProcessor(spans)], [reader], {}));

  const world = {
    now: Date.parse('2026-11-23T10:00:00.000Z'),
    digest: `sha256:${'a'.repeat(64)}`,
    engineRun: { runId: 'ca1', status: 'Running', outputImages: [] } as EngineRun,
    /** Thrown by the engine, once. */
    engineFault: undefined as Error | undefined,
    bells: [] as StartMessage[],
    followUps: [] as FollowMessage[],
    logs: [] as string[],
  };
  const ports: Ports = {
    settings: {
      policies: [],
      registries: [known('baseacr'), known('appacr')],
      runsPerRegistry: 10,
      runsPerTask: 1,
      maxContextBytes: 1e6,
    } as Partial<Ports['settings']> as Ports['settings'],
    store: createMemoryStore(),
    queue: {
      reach: async () => {},
      sendStart: async (bells) => void world.bells.push(...bells),
      sendPush: async () => {},
      sendFollow: async (followUp) => void world.followUps.push(followUp),
    },
    sourceControl: { register: async () => [], remove: async () => {} },
    vault: { secret: async () => 'hush-vault-secret' },
    registry: {
      digestOf: async () => world.digest,
      async *imagesOf() {
        yield { platform: { os: 'linux', architecture: 'amd64' }, layers: ['sha256:layer'] };
      },
      contentsOf: async ({ digest = '' }) => ({ contents: { '*': digest } }),
      reach: async () => {},
      pullPassword: async () => ({ userName: 'token', password: 'hush-pull-password' }),
    },
    engine: {
      uploadUrl: async () => ({
        uploadUrl: 'https://blobs.example/a?sig=hush-sas',
        relativePath: 'a.tar.gz',
      }),
      upload: async () => 'a.tar.gz',
      async schedule() {
        const fault = world.engineFault;
        world.engineFault = undefined;
        if (fault) throw fault;
        return world.engineRun;
      },
      run: async () => world.engineRun,
      cancel: async () => {},
      keepsKeys: true,
      find: async () => undefined,
      forget: async () => {},
      keys: async () => [],
      bases: async () => ({ pins: undefined, mayCome: true }),
      log: async () => undefined,
    },
    source: {
      fetch: async () => ({ dir: '/none', bytes: 1, warnings: [], dispose: async () => {} }),
    },
    files: {
      read: async () => 'FROM baseacr.azurecr.io/base:1\n',
      pack: async () => ({ path: '/none', size: 1, dispose: async () => {} }),
    },
    seal: createAesSeal([Buffer.alloc(32, 7)]),
    clock: { now: () => new Date(world.now) },
    log: (level, message, facts) => void world.logs.push(`${level} ${message} ${JSON.stringify(facts)}`),
  };

  return {
    world,
    ports,
    knownRegistry: known('appacr'),
    registryId,
    /** One call of a function as edge/invoke.ts makes it. */
    async invoke<T>(
      name: string,
      hostTrace: string,
      work: (ports: Ports, invocation: Invocation) => Promise<T>,
      about?: StartMessage,
    ): Promise<T> {
      const invocation = telemetry.begin(name, hostTrace);
      try {
        const result = await work(observedPorts(ports, invocation, about), invocation);
        invocation.end();
        return result;
      } catch (error) {
        invocation.end(error);
        throw error;
      }
    },
    spans: (name?: string): ReadableSpan[] =>
      spans.getFinishedSpans().filter((span) => name === undefined || span.name === name),
    /** Every measured value: name, attributes and, of a histogram, count and sum. */
    async metrics() {
      await telemetry.flush();
      return (points.getMetrics().at(-1)?.scopeMetrics ?? []).flatMap(({ metrics }) =>
        metrics.flatMap(({ descriptor, dataPoints }) =>
          dataPoints.map(({ attributes, value }) => ({
            name: descriptor.name,
            unit: descriptor.unit,
            attributes,
            value:
              typeof value === 'number'
                ? value
                : { count: (value as { count: number }).count, sum: (value as { sum?: number }).sum },
          })),
        ),
      );
    },
  };
}

export type WatchedWorld = ReturnType<typeof createWatchedWorld>;
