import { spawn } from 'node:child_process';

interface Contained {
  env: Record<string, string>;
  cwd: string;
  /** Fired: everything the command started is killed at once. */
  signal: AbortSignal;
  /** Bind mounts of the command's own mount namespace. */
  binds?: { from: string; to: string }[];
  /** Each piece of stdout and stderr, in the order written; the command waits while it is pending. */
  output(text: string): Promise<void> | void;
}

/** $1 is the number of binds; the pairs and then the command follow. */
const script = `exec 2>&1; n=$1; shift
while [ "$n" -gt 0 ]; do mount --bind "$1" "$2" || exit 125; shift 2; n=$((n - 1)); done
exec "$@"`;

/**
 * Runs a command in a mount and a PID namespace of its own. When it ends, by itself or killed, no process and no mount
 * of it is left: the command is init of its namespace, and the kernel ends the namespace with it. setpriv makes it die
 * with this process too, however that ends.
 * @returns the exit code; rejects with the signal's reason when that fired
 */
export async function runContained(
  command: string[],
  { env, cwd, signal, binds = [], output }: Contained,
): Promise<number> {
  signal.throwIfAborted();
  const mounts = binds.flatMap(({ from, to }) => [from, to]);
  const child = spawn(
    '/usr/bin/setpriv',
    [
      ...['--pdeathsig', 'KILL', '/usr/bin/unshare', '--mount', '--pid', '--fork', '--kill-child=KILL'],
      ...['--mount-proc', '/bin/sh', '-c', script, 'sh', String(binds.length), ...mounts, ...command],
    ],
    { env, cwd, stdio: ['ignore', 'pipe', 'pipe'], detached: true },
  );
  // The group, not only unshare: its child asks to die with it only some instants after the fork.
  const kill = () => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    } catch {
      // already gone
    }
  };
  signal.addEventListener('abort', kill, { once: true });
  const ended = new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve(code ?? 128));
  });
  ended.catch(() => {});
  try {
    const decoders = [child.stdout, child.stderr].map(async (stream) => {
      stream.setEncoding('utf8');
      for await (const text of stream) await output(text);
    });
    await Promise.all(decoders);
    const code = await ended;
    signal.throwIfAborted();
    return code;
  } finally {
    if (child.exitCode === null && child.signalCode === null) kill();
    signal.removeEventListener('abort', kill);
  }
}
