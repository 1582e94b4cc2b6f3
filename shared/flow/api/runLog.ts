import type { KnownRegistry } from '../../model/registry.ts';
import { isEnded, type Run, type RunStatus } from '../../model/run.ts';
import type { Ports } from '../../ports/ports.ts';
import { logUrlHours } from '../../rules/timing.ts';
import { noRun, Refusal } from '../refusal.ts';

/** What az reads from the metadata `Complete` of a log; any other value is a success. */
const completeValues: Partial<Record<RunStatus, string>> = {
  Failed: 'failed',
  Error: 'internalerror',
  Timeout: 'timedout',
  Canceled: 'canceled',
  Succeeded: 'succeeded',
};

interface RunLog {
  length: number;
  /** Set once the run has ended and the log is whole. */
  complete?: string;
  read(start: number, end: number): Promise<Uint8Array>;
}

/**
 * The address under which a client reads a run's log, signed and limited in time. It has the shape of a blob's
 * (`…/{account}.blob.{suffix}/{container}/{blob}?…`), as az takes it apart.
 */
export function runLogUrl(
  registry: KnownRegistry,
  run: Run,
  publicUrl: string,
  { seal, clock }: Ports,
): string {
  const expiry = new Date(clock.now().getTime() + logUrlHours * 3_600_000).toISOString();
  const signature = seal.sign(signed(registry.name, run.runId, expiry));
  return `${publicUrl}/logs/${registry.name}.blob.plinth/${run.runId}/log.txt?se=${encodeURIComponent(expiry)}&sig=${signature}`;
}

const signed = (registry: string, runId: string, expiry: string) =>
  ['log', registry, runId, expiry].join('\n');

/** @throws Refusal 403 for an address that was not given out, or not lately */
export function checkLogUrl(
  registry: string,
  runId: string,
  query: URLSearchParams,
  { seal, clock }: Ports,
): void {
  const expiry = query.get('se') ?? '';
  if (
    seal.verify(signed(registry, runId, expiry), query.get('sig') ?? '') &&
    expiry > clock.now().toISOString()
  )
    return;
  throw new Refusal(
    403,
    'AuthenticationFailed',
    'The address of this log is not valid, or no longer. Ask for a new one.',
  );
}

/**
 * The log of a run: what Plinth did before the build, the engine's own log as far as it goes, and how it ended. Bytes
 * that were read once stay where they are, so of a run that is queued there is none, but for what it met and when it is
 * tried again: clients ask again, as they do of a blob that is not there yet.
 * @throws Refusal 404 for no such run, and BlobNotFound for one that is queued, with what it waits for
 */
export async function runLog(registry: string, runId: string, { store, engine }: Ports): Promise<RunLog> {
  const run = (await store.run(registry, runId))?.value;
  if (!run) throw noRun(registry, runId);
  const waited = [...(run.missingRole ? [run.missingRole] : []), ...(run.waited ?? [])];
  if (run.status === 'Queued' && waited.length === 0) throw new Refusal(404, 'BlobNotFound', notBegun(run));
  // The engine's log shows its own id of the run, which differs from Plinth's.
  const aka = run.engineRunId ? [`Run ${runId} is run ${run.engineRunId} of the registry's run engine.`] : [];
  // Notes are of the claim; while the run is queued there are none that stay.
  const notes = run.status === 'Queued' ? [] : [...(run.notes ?? []), ...aka];
  const before = Buffer.from(
    waited.map(({ at, text }) => lines([text], at)).join('') + lines(notes, run.startTime),
  );
  const built = run.engineRunId ? await engine.log(registry, run.engineRunId) : undefined;
  const ended = isEnded(run.status);
  // A failure that the engine reports is in its log.
  const outcome =
    ended && run.runErrorMessage ? [`Run ${run.runId} ${run.status}: ${run.runErrorMessage}`] : [];
  const after = Buffer.from(lines(outcome, run.finishTime));
  const builtEnd = before.length + (built?.length ?? 0);
  const length = builtEnd + after.length;
  const complete = ended ? completeValues[run.status] : undefined;
  return {
    length,
    ...(complete && { complete }),
    async read(start, end) {
      const from = (offset: number) => Math.max(0, start - offset);
      const [first, last] = [from(before.length), Math.min(end, builtEnd) - before.length];
      const between = built && last > first ? [await built.read(first, last)] : [];
      const rest = after.subarray(from(builtEnd), Math.max(0, end - builtEnd));
      return Buffer.concat([before.subarray(start, end), ...between, rest]);
    },
  };
}

const notBegun = (run: Run) => `Run ${run.runId} has no log yet: ${whyNotBegun(run)}.`;

function whyNotBegun({ waitingFor, preparing }: Run): string {
  const { reason = '', nextTry, givenUpAt } = waitingFor ?? {};
  const isSaid = nextTry === undefined || /tried again at/.test(reason);
  const until = isSaid ? '' : `, and is tried again at ${nextTry}`;
  const last = isSaid || !givenUpAt ? '' : `, for the last time at ${givenUpAt}`;
  if (waitingFor) return `it waits: ${reason.replace(/\.$/, '')}${until}${last}`;
  return preparing ? 'its context is being prepared' : 'it waits for its turn in the queue';
}

/** Lines as ACR's log has them; az shows a line as it comes only where it ends in CR LF. */
const lines = (texts: string[], time = '') => {
  const stamp = time.slice(0, 19).replaceAll('-', '/').replace('T', ' ');
  return texts.map((text) => `${stamp} ${text.replaceAll(/\s*\n\s*/g, ' ')}\r\n`).join('');
};
