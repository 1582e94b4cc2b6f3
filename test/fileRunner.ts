import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import type { Ended } from './runProgram.ts';

/** What the process is sent: a compiled test file, and what it prints behind it. */
export interface FileMessage {
  file: string;
  end: string;
}

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
      const { output, code, timedOut } = await answerOf(running, { file, end }, { limit, kill });
      const seconds = (performance.now() - started) / 1000;
      return { code, output, timedOut, seconds };
    },
    async end() {
      const child = running;
      if (!child) return undefined;
      const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
      const timer = setTimeout(kill, endMs);
      child.disconnect();
      const code = await ended;
      clearTimeout(timer);
      process.off('exit', kill);
      if (code === null) return `something that a test opened is still open after ${endMs / 1000} s`;
      return code === 0 ? undefined : `the process of several files ended with ${code}`;
    },
  };
}

/** Sends a file, and gathers what is printed until its end, or until the process has ended. */
function answerOf(
  child: ChildProcess,
  message: FileMessage,
  { limit, kill }: { limit: number; kill: () => void },
): Promise<Omit<Ended, 'seconds'>> {
  let output = '';
  let timedOut = false;
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      timedOut = true;
      kill();
    }, limit);
    const settle = (code: number | null) => {
      clearTimeout(timer);
      for (const stream of [child.stdout!, child.stderr!]) stream.off('data', gather).resume();
      child.off('close', died);
      resolve({ output, code: timedOut ? null : code, timedOut });
    };
    const gather = (chunk: Buffer) => {
      output += chunk;
      const at = output.indexOf(`\n${message.end} `);
      const ended = at < 0 ? null : /^\S+ (\d+)\n/.exec(output.slice(at + 1));
      if (!ended) return;
      output = output.slice(0, at);
      settle(Number(ended[1]));
    };
    child.stdout!.on('data', gather);
    child.stderr!.on('data', gather);
    // A process that ends in a file has failed it, whatever it ends with.
    const died = (code: number | null) => settle(code === 0 ? 1 : code);
    child.once('close', died);
    child.send(message);
  });
}
