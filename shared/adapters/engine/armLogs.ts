import { z } from 'zod';
import { type EngineLog, type RunEngine, RunEngineError } from '../../ports/runEngine.ts';
import { type ArmClient, reach, read, readPart } from './armClient.ts';
import { stableVersion } from './runRequest.ts';

const LogLink = z.object({ logLink: z.url().nullish() });

/** A client asks for a run's log every second or two; its address is good for hours. */
const logUrlsKept = 100;

/** The logs of runs, by signed addresses that are kept for the next question and asked for again when they run out. */
export function createArmLogs(arm: ArmClient): RunEngine['log'] {
  const logUrls = new Map<string, string>();
  return async (registry, engineRunId) => {
    const key = `${registry}/${engineRunId}`;
    const what = `the log of run ${engineRunId} of registry ${registry}`;
    for (const isKnown of logUrls.has(key) ? [true, false] : [false]) {
      const url = isKnown ? logUrls.get(key) : await logUrl(arm, registry, engineRunId);
      if (!url) return undefined;
      const head = await reach(url, what, { method: 'HEAD' });
      if (head.ok) {
        if (logUrls.size >= logUrlsKept) logUrls.clear();
        logUrls.set(key, url);
        return engineLog(url, Number(head.headers.get('content-length')), what);
      }
      logUrls.delete(key);
      if (head.status === 404) return undefined;
      // An address that was good for hours and is no longer: another is asked for, once.
      if (!isKnown) throw new RunEngineError(`${what}: ${head.status}`, { transient: true });
    }
    return undefined;
  };
}

async function logUrl(arm: ArmClient, registry: string, engineRunId: string): Promise<string | undefined> {
  const path = `runs/${engineRunId}/listLogSasUrl`;
  const response = await arm.call(registry, { method: 'POST', path, apiVersion: stableVersion });
  if (response.status === 404) return undefined;
  return (await read(response, LogLink, `${path} of registry ${registry}`)).logLink ?? undefined;
}

const engineLog = (url: string, length: number, what: string): EngineLog => ({
  length,
  async read(start, end) {
    const response = await reach(url, what, { headers: { 'x-ms-range': `bytes=${start}-${end - 1}` } });
    if (!response.ok) throw new RunEngineError(`${what}: ${response.status}`, { transient: true });
    return readPart(response, what, end - start);
  },
});
