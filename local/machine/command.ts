import { spawn } from 'node:child_process';

interface CommandOptions {
  /** Replaces the environment whole; by default the child gets that of this process. */
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** Written to the command's standard input. */
  input?: string | Buffer;
  /** Milliseconds after which the command is killed. */
  limit?: number;
}

/**
 * Runs a command to its end.
 * @returns what it wrote to standard output and standard error
 * @throws when it cannot be started, is stopped at the limit, or ends with anything but 0. The error holds the
 * command's name, its first argument and the end of its standard error; never the other arguments, which may hold a
 * secret.
 */
export async function runCommand(
  command: string,
  args: string[],
  { env, cwd, input, limit }: CommandOptions = {},
): Promise<{ stdout: string; stderr: string }> {
  const child = spawn(command, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    ...(env ? { env } : {}),
    ...(cwd ? { cwd } : {}),
    // SIGKILL, as buildah and unshare leave children behind on a polite signal, or ignore it
    ...(limit ? { timeout: limit, killSignal: 'SIGKILL' as const } : {}),
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
  // a command may end before it has read its input: its exit code shows whether that is a fault
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const name = `${command} ${args[0] ?? ''}`.trim();
  const ended = await new Promise<string | undefined>((resolve, reject) => {
    child.on('error', (cause) => reject(new Error(`Cannot start ${name}: ${cause.message}`, { cause })));
    child.on('close', (code, signal) => resolve(code === 0 ? undefined : (signal ?? `exit code ${code}`)));
  });
  if (ended) throw new Error(`${name} ended with ${ended}: ${stderr.trim().slice(-2000)}`);
  return { stdout, stderr };
}
