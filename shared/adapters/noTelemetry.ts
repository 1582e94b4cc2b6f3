import type { Invocation, Telemetry } from '../ports/telemetry.ts';

const nothing = () => {};

const unwatched: Invocation = {
  about: nothing,
  trace: () => undefined,
  traceId: () => undefined,
  add: nothing,
  event: nothing,
  call: (_name, _facts, work) => work(),
  ended: nothing,
  end: nothing,
};

/** Telemetry where nobody asked for any. */
export const noTelemetry: Telemetry = { begin: () => unwatched, add: nothing, flush: async () => {} };
