import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A child process that never outlives its parent, and ends on request. */
export interface OwnedChild {
  pid: number;
  /** The exit code, or null when a signal ended it. */
  exited: Promise<number | null>;
  kill(signal: NodeJS.Signals): void;
  /** Sends a message to the child, which may have ended. */
  tell(message: object): void;
  /** Asks with SIGTERM, insists with SIGKILL after graceMs; resolves when the process is gone. */
  stop(graceMs: number): Promise<void>;
  /** The last lines it printed on either stream, for an error message. */
  lastLines(): string;
}

/**
 * Given to a Node child as `--import`, for programs that do not watch their parent: they end when its end of the IPC
 * channel closes, which also happens when it is killed with SIGKILL. Unref: the channel alone keeps no process alive.
 */
export const endWithParent = `data:text/javascript,${encodeURIComponent(
  "process.on('disconnect', () => process.exit(0)); process.channel.unref();",
)}`;

/**
 * Starts this Node with the given arguments and of the environment only what finds programs and files.
 * @param onLine every line the child prints, stdout and stderr alike
 */
export function startOwnedChild(
  args: string[],
  env: Record<string, string | undefined>,
  onLine: (line: string, stream: 'stdout' | 'stderr') => void,
): OwnedChild {
  const { PATH, HOME, TMPDIR } = process.env;
  const child = spawn(process.execPath, args, {
    env: { PATH, HOME, TMPDIR, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // A group of its own: the parent handles Ctrl-C, and stops its children in its order.
    detached: true,
  });
  const last: string[] = [];
  const streams = ['stdout', 'stderr'] as const;
  for (const stream of streams)
    createInterface({ input: child[stream]! }).on('line', (line) => {
      last.push(line);
      if (last.length > 20) last.shift();
      onLine(line, stream);
    });
  return own(child, () => last.join('\n'));
}

function own(child: ChildProcess, lastLines: () => string): OwnedChild {
  const killNow = () => child.kill('SIGKILL');
  process.once('exit', killNow);
  const exited = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      process.off('exit', killNow);
      resolve(code);
    });
  });
  exited.catch(() => {});
  return {
    pid: child.pid ?? -1,
    exited,
    kill: (signal) => void child.kill(signal),
    tell: (message) => void (child.connected && child.send(message, () => {})),
    lastLines,
    async stop(graceMs) {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      const insist = setTimeout(killNow, graceMs);
      await exited;
      clearTimeout(insist);
    },
  };
}
