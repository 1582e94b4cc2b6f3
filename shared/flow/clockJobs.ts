import type { Ports } from '../ports/ports.ts';

/** Something that the clock does every minute; safe to be done again, or by two at once. */
export type ClockJob = (ports: Ports) => Promise<void>;

/**
 * Runs the jobs one after the other. One that fails does not keep the others from their work.
 * @throws AggregateError when any failed, so that the host counts the call as failed
 */
export async function runClockJobs(jobs: Record<string, ClockJob>, ports: Ports): Promise<void> {
  const errors: unknown[] = [];
  for (const [name, job] of Object.entries(jobs)) {
    try {
      await job(ports);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      ports.log('error', `clock: ${name} failed: ${message}`, { job: name });
      errors.push(error);
    }
  }
  if (errors.length > 0) throw new AggregateError(errors, `${errors.length} of the clock's jobs failed`);
}
