import { noTelemetry } from '../adapters/telemetry/noTelemetry.ts';
import type { Log } from '../ports/log.ts';
import type { Telemetry } from '../ports/telemetry.ts';
import { flushSeconds } from '../rules/timing.ts';
import { processTelemetry, type TelemetrySettings } from './config.ts';

let started: Promise<Telemetry> | undefined;

/**
 * The telemetry of this process, loaded with its first call: a cold start does not wait for it, and an app without the
 * settings never loads it. One that cannot be started is a line in the log, not a stopped app.
 */
export function theTelemetry(log: Log): Promise<Telemetry> {
  started ??= start(processTelemetry(), log);
  return started;
}

/** Sends what is held back, before the process ends; what takes longer than four seconds is lost. */
export async function flushTelemetry(): Promise<void> {
  await atMost(
    flushSeconds,
    started?.then((telemetry) => telemetry.flush()),
  );
}

/** Waits for something, but no longer than so many seconds; its failure is let go, too. */
export async function atMost(seconds: number, something: Promise<unknown> | undefined): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, seconds * 1000);
  });
  await Promise.race([limit, Promise.resolve(something).catch(() => {})]);
  clearTimeout(timer);
}

/** @param settings undefined for none */
export async function start(settings: TelemetrySettings | undefined, log: Log): Promise<Telemetry> {
  if (!settings) return noTelemetry;
  const { connectionString, identity, otlp, service, instance } = settings;
  try {
    const [{ startExport }, { createOtelTelemetry }, { createCredentials }] = await Promise.all([
      import('../adapters/telemetry/otelExport.ts'),
      import('../adapters/telemetry/otelTelemetry.ts'),
      import('../adapters/secrets/identityToken.ts'),
    ]);
    const parts = await startExport({
      ...(connectionString && { connectionString }),
      ...(identity && { credential: createCredentials(identity.clientId)() }),
      otlp,
      resource: { 'service.name': service, ...(instance && { 'service.instance.id': instance }) },
    });
    return createOtelTelemetry(parts);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    log(
      'warning',
      `Telemetry is off: ${why}. Look at APPLICATIONINSIGHTS_CONNECTION_STRING and OTEL_EXPORTER_OTLP_ENDPOINT.`,
    );
    return noTelemetry;
  }
}
