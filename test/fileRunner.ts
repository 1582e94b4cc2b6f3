import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import type { Ended } from './runProgram.ts';

/** What the process is sent: a compiled test file, and what it prints behind it; or that there are no more. */
export type FileMessage = { file: string; end: string } | 'no more';

export interface FileRunner {
  /** Runs one compiled test file; `code` is what a process of its own would end with. */
  run(file: string): Promise<Ended>;
  /** Lets the process end by itself. @returns why it did not end as it should; undefined where it did */
  end(): Promise<string | undefined>;
}

/** A process in which nothing is left open ends at once. */
const endMs = 30_000;

/**
 * Runs test files one after the other in one process, which is replaced when it ends or meets the limit.
 * @param program compiled filesInOneProcess.ts
 * @param limit milliseconds for one file, after which the process is killed with what it started
 */
export function createFileRunner(
  program: string,
  { cwd, env, limit }: { cwd: string; env: Record<string, string>; limit: number },
): FileRunner {
  let running: ChildProcess | undefined;
  let gather = (_: Buffer) => {};
  const kill = () => {
    try {
      if (running?.pid) process.kill(-running.pid, 'SIGKILL');
    } catch {
      // already gone
    }
  };
  process.once('exit', kill);
  const start = (): ChildProcess => {
    const child = spawn(process.execPath, ['--enable-source-maps', program], {
      cwd,
      env: { ...process.env, ...env, FORCE_COLOR: '0', NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: true,
    });
    for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (chunk) => gather(chunk));
    child.once('close', () => {
      if (running === child) running = undefined;
    });
    return child;
  };

  return {
    async run(file) {
      running ??= start();
      const started = performance.now();
      const end = randomUUID();
      const child = running;
      let output = '';
      let timedOut = false;
      const timer = setTimeout(() => {
        timedOut = true;
        kill();
      }, limit);
      const code = await new Promise<number | null>((resolve) => {
        gather = (chunk) => {
          output += chunk;
          const at = output.indexOf(`\n${end} `);
          const ended = at < 0 ? null : /^\S+ (\d+)\n/.exec(output.slice(at + 1));
          if (!ended) return;
          output = output.slice(0, at);
          child.off('close', died);
          resolve(Number(ended[1]));
        };
        // A process that ends in a file has failed it, whatever it ends with.
        const died = (code: number | null) => resolve(timedOut ? null : code || 1);
        child.once('close', died);
        child.send({ file, end } satisfies FileMessage);
      });
      clearTimeout(timer);
      const seconds = (performance.now() - started) / 1000;
      return { code, output, timedOut, seconds };
    },
    async end() {
      const child = running;
      if (!child) return undefined;
      const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
      const timer = setTimeout(kill, endMs);
      child.send('no more' satisfies FileMessage);
      const code = await ended;
      clearTimeout(timer);
      process.off('exit', kill);
      if (code === null) return `something that a test opened is still open after ${endMs / 1000} s`;
      return code === 0 ? undefined : `the process of several files ended with ${code}`;
    },
  };
}
