import { spawn } from 'node:child_process';

export interface Ended {
  /** Null when it was stopped, by a signal or at its limit. */
  code: number | null;
  /** What it printed, both streams. */
  output: string;
  timedOut: boolean;
  seconds: number;
}

/**
 * Runs a compiled test file in a process group of its own, which ends with it.
 * @param limit milliseconds, after which the group is killed
 */
export async function runProgram(
  argv: string[],
  { cwd, env, limit }: { cwd: string; env: Record<string, string>; limit: number },
): Promise<Ended> {
  const started = performance.now();
  const child = spawn(process.execPath, ['--enable-source-maps', ...argv], {
    cwd,
    env: { ...process.env, ...env, FORCE_COLOR: '0', NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  let timedOut = false;
  const kill = () => {
    try {
      process.kill(-child.pid!, 'SIGKILL');
    } catch {
      // already gone
    }
  };
  const timer = setTimeout(() => {
    timedOut = true;
    kill();
  }, limit);
  process.once('exit', kill);
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  process.off('exit', kill);
  clearTimeout(timer);
  return { code: timedOut ? null : code, output, timedOut, seconds: (performance.now() - started) / 1000 };
}
