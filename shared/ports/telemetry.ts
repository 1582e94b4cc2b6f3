import type { Run } from '../model/run.ts';

export interface Metric {
  name: string;
  kind: 'counter' | 'histogram';
  unit: string;
  says: string;
}

/** One measurement. */
export interface Point {
  metric: Metric;
  value: number;
  attributes: Record<string, string | boolean>;
}

/** Attributes of a span; flat, few, and without a secret. */
export type Facts = Record<string, string | number | boolean | undefined>;

/** Where traces and metrics go. Nothing here throws or waits: a build does not depend on its telemetry. */
export interface Telemetry {
  /** @param hostTrace the W3C traceparent of the Functions host's own span */
  begin(functionName: string, hostTrace: string | undefined): Invocation;
  add(point: Point): void;
  /** Sends what is held back. */
  flush(): Promise<void>;
}

/** One call of a function: a span in the trace of the run that it is about, else in that of the host. */
export interface Invocation {
  /** Names the run of the call, before any other method is used; the first one is kept. */
  about(run: Pick<Run, 'registry' | 'runId' | 'task' | 'trace'>): void;
  /** The W3C traceparent under which what follows from this belongs; undefined where nothing is traced. */
  trace(): string | undefined;
  /** The id of its trace, where it is known without beginning one. */
  traceId(): string | undefined;
  add(point: Point): void;
  /** A moment of it. */
  event(name: string, facts: Facts): void;
  /** A call to another service, as a span below this one. */
  call<T>(name: string, facts: Facts, work: () => Promise<T>): Promise<T>;
  /** The whole life of a run that has ended, as a span of its trace. */
  ended(run: Run): void;
  /** Ends it; a call in which nothing happened leaves no span. */
  end(error?: unknown): void;
}
