import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** A process by its id and the instant it began (clock ticks since boot), so that a reused id is recognised. */
async function processName(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // The second field, the program's name, may hold blanks and brackets.
  const [state, ...rest] = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
  const startTime = rest[18];
  // A zombie has ended; it only waits for its parent to ask how.
  return startTime === undefined || state === 'Z' || state === 'X' ? undefined : `${pid}.${startTime}`;
}

/**
 * Makes a directory for this engine alone, and removes those of engines whose process is gone. What ran in them died
 * with the process, and their mounts with it; only files can be left.
 */
export async function openWorkspace(dir: string): Promise<{ path: string; remove(): Promise<void> }> {
  await mkdir(dir, { recursive: true });
  for (const name of await readdir(dir)) {
    const [, owner, pid] = /^engine-((\d+)\.\d+)-[0-9a-f-]{36}$/.exec(name) ?? [];
    if (owner && (await processName(Number(pid))) !== owner)
      await rm(join(dir, name), { recursive: true, force: true });
  }
  const path = join(dir, `engine-${await processName(process.pid)}-${randomUUID()}`);
  await mkdir(path, { mode: 0o700 });
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
