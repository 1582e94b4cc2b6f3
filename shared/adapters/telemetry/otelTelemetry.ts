import {
  type Attributes,
  type Context,
  isSpanContextValid,
  type Link,
  type Meter,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import type { Run } from '../../model/run.ts';
import type { Facts, Invocation, Point, Telemetry } from '../../ports/telemetry.ts';
import { metrics } from '../../telemetry/metrics.ts';

export interface OtelParts {
  tracer: Tracer;
  meter: Meter;
  flush(): Promise<void>;
}

/** Seconds; a queue is seconds long, a build minutes, an edge at worst hours. */
const bounds = [1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14_400, 86_400];

/** Telemetry on OpenTelemetry's API; the tracer and the meter decide where it goes. */
export function createOtelTelemetry({ tracer, meter, flush }: OtelParts): Telemetry {
  const instruments = new Map<string, (value: number, attributes: Attributes) => void>();
  for (const { name, kind, unit, says } of Object.values(metrics)) {
    const options = { unit, description: says };
    if (kind === 'counter') {
      const counter = meter.createCounter(name, options);
      instruments.set(name, (value, attributes) => counter.add(value, attributes));
    } else {
      const histogram = meter.createHistogram(name, {
        ...options,
        advice: { explicitBucketBoundaries: bounds },
      });
      instruments.set(name, (value, attributes) => histogram.record(value, attributes));
    }
  }
  const add = ({ metric, value, attributes }: Point) => instruments.get(metric.name)?.(value, attributes);
  return { add, flush, begin: (name, hostTrace) => beginInvocation(name, hostTrace, tracer, add) };
}

function beginInvocation(
  name: string,
  hostTrace: string | undefined,
  tracer: Tracer,
  add: (point: Point) => void,
): Invocation {
  const startTime = Date.now();
  const host = parseTrace(hostTrace);
  let span: Span | undefined;
  let runTrace: SpanContext | undefined;

  /** The span starts when the run is known, in its trace; the host's own span of the call is then a link. */
  const theSpan = (run?: Facts): Span => {
    span ??= tracer.startSpan(
      name,
      {
        kind: SpanKind.INTERNAL,
        startTime,
        attributes: attributes(run),
        links: runTrace ? linksTo(host) : [],
      },
      below(runTrace ?? host),
    );
    return span;
  };

  return {
    add,
    about({ registry, runId, task, trace: text }) {
      if (span) return;
      runTrace = parseTrace(text);
      theSpan({ registry, runId, task });
    },
    trace: () => formatTrace(theSpan().spanContext()),
    traceId: () => (span?.spanContext() ?? runTrace ?? host)?.traceId,
    event: (event, facts) => void theSpan().addEvent(event, attributes(facts)),
    call(what, facts, work) {
      const options = { kind: SpanKind.CLIENT, attributes: attributes(facts) };
      return within(tracer.startSpan(what, options, below(theSpan().spanContext())), work);
    },
    ended: (run) => recordRun(run, tracer, parseTrace(run.trace) ?? theSpan().spanContext()),
    end(error) {
      if (error !== undefined) fail(theSpan(), error);
      span?.end();
    },
  };
}

/** Does the work of a span, which ends with it. */
async function within<T>(span: Span, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    fail(span, error);
    throw error;
  } finally {
    span.end();
  }
}

/** The span of a run as a whole, from its first instant to its last. */
function recordRun(run: Run, tracer: Tracer, parent: SpanContext): void {
  const { registry, runId, task, status } = run;
  const whole = tracer.startSpan(
    'run',
    {
      kind: SpanKind.INTERNAL,
      startTime: new Date(run.createTime),
      attributes: attributes({ registry, runId, task, result: status }),
    },
    below(parent),
  );
  if (status !== 'Succeeded' && status !== 'Canceled')
    whole.setStatus({ code: SpanStatusCode.ERROR, message: status });
  whole.end(new Date(run.finishTime ?? run.lastUpdatedTime));
}

/** Messages of errors are for people and hold no secret; a stack adds nothing for an operator. */
function fail(span: Span, error: unknown): void {
  const message = error instanceof Error ? `${error.name}: ${error.message}` : 'failed';
  span.setStatus({ code: SpanStatusCode.ERROR, message });
}

const attributes = (facts: Facts = {}): Attributes =>
  Object.fromEntries(
    Object.entries(facts)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [`plinth.${name}`, value!]),
  );

const below = (parent: SpanContext | undefined): Context =>
  parent ? trace.setSpanContext(ROOT_CONTEXT, parent) : ROOT_CONTEXT;

const linksTo = (other: SpanContext | undefined): Link[] => (other ? [{ context: other }] : []);

/** W3C Trace Context, version 00: `00-{trace id}-{span id}-{flags}`. */
function parseTrace(text: string | undefined): SpanContext | undefined {
  const found = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(text ?? '');
  if (!found) return undefined;
  const parsed = {
    traceId: found[1]!,
    spanId: found[2]!,
    traceFlags: Number.parseInt(found[3]!, 16) & 1,
    isRemote: true,
  };
  return isSpanContextValid(parsed) ? parsed : undefined;
}

const formatTrace = ({ traceId, spanId, traceFlags }: SpanContext) =>
  `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;
