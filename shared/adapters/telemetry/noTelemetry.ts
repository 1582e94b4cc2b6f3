import type { Invocation, Telemetry } from '../../ports/telemetry.ts';

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

/** Telemetry where the settings name no destination. */
export const noTelemetry: Telemetry = { begin: () => unwatched, add: nothing, flush: async () => {} };
