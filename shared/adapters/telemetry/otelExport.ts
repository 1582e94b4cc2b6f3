import type { TokenCredential } from '@azure/identity';
import type { Attributes } from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  type IMetricReader,
  MeterProvider,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics';
import {
  AlwaysOnSampler,
  BasicTracerProvider,
  BatchSpanProcessor,
  type SpanExporter,
  type SpanProcessor,
} from '@opentelemetry/sdk-trace-base';
import type { OtelParts } from './otelTelemetry.ts';

interface ExportOptions {
  /** Of Application Insights; with a credential where it takes no others. */
  connectionString?: string;
  credential?: TokenCredential;
  /** OTEL_EXPORTER_OTLP_ENDPOINT is given; its exporters read it, and their headers, themselves. */
  otlp: boolean;
  /** What sends: `service.name` and the like. */
  resource: Attributes;
}

/**
 * OpenTelemetry's SDK with the exporters that are asked for. This module is the only one that loads them, and is itself
 * loaded with the first call of a function, so that a cold start does not wait for it.
 * @throws what the exporters throw at settings they cannot read
 */
export async function startExport({
  connectionString,
  credential,
  otlp,
  resource,
}: ExportOptions): Promise<OtelParts> {
  const exporters: { spans: SpanExporter; metrics: PushMetricExporter }[] = [];
  if (connectionString) {
    const { AzureMonitorMetricExporter, AzureMonitorTraceExporter } = await import(
      '@azure/monitor-opentelemetry-exporter'
    );
    const options = { connectionString, ...(credential && { credential }) };
    exporters.push({
      spans: new AzureMonitorTraceExporter(options),
      metrics: new AzureMonitorMetricExporter(options),
    });
  }
  if (otlp) {
    const [{ OTLPTraceExporter }, { OTLPMetricExporter }] = await Promise.all([
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/exporter-metrics-otlp-http'),
    ]);
    exporters.push({ spans: new OTLPTraceExporter(), metrics: new OTLPMetricExporter() });
  }
  return provide(
    exporters.map(({ spans }) => new BatchSpanProcessor(spans)),
    exporters.map(({ metrics }) => new PeriodicExportingMetricReader({ exporter: metrics })),
    resource,
  );
}

/** A tracer and a meter for these exporters. */
export function provide(
  spanProcessors: SpanProcessor[],
  readers: IMetricReader[],
  attributes: Attributes,
): OtelParts {
  const resource = resourceFromAttributes(attributes);
  // A run's trace is whole or it is of no use, whatever the sender of the event had sampled.
  const tracing = new BasicTracerProvider({ resource, sampler: new AlwaysOnSampler(), spanProcessors });
  const metering = new MeterProvider({ resource, readers });
  return {
    tracer: tracing.getTracer('plinth'),
    meter: metering.getMeter('plinth'),
    async flush() {
      // A failed export is dropped: the work itself is done.
      await Promise.allSettled([tracing.forceFlush(), metering.forceFlush()]);
    },
  };
}
