import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Stack, type StackOptions, startStack } from '../../../local/stack.ts';
import { type Sample, seedSample } from '../../../local/tutorial/sample.ts';

/** What a command came to. */
export interface Done {
  code: number;
  stdout: string;
  stderr: string;
  /** When each line of standard output came, in milliseconds since the start. */
  times: number[];
}

export interface AzWorld {
  stack: Stack;
  sample: Sample;
  /** A directory for build contexts. */
  dir: string;
  /** The shell's variables; `GIT` is the address of the git server. */
  env: Record<string, string>;
  /** Runs the real az, given a whole command line as a person types it, in `dir`. */
  az(command: string): Promise<Done>;
  /** The JSON it prints. @throws Error with its standard error, when it ends with anything but 0 */
  json(command: string): Promise<any>;
  write(files: Record<string, string>): Promise<void>;
  stop(): Promise<void>;
}

/** More than any command here takes, the slowest being a build. */
const limitMs = 600_000;

/** The local stack with the tutorial's sample, and the real Azure CLI in front of it. */
export async function startAzWorld(options: StackOptions = {}): Promise<AzWorld> {
  const dir = await mkdtemp(join(tmpdir(), 'plinth-az-'));
  const stack = await startStack({ az: true, ...options });
  const sample = await seedSample(stack);
  const env = { GIT: stack.git.url };
  const azEnv = { ...process.env, ...stack.az!.environment };
  let forks: Promise<AzForks> | undefined;
  const az: AzWorld['az'] = async (command) => {
    // Not before the first command: who asks by an SDK has none.
    forks ??= startAzForks(azEnv);
    const PATH = `${(await forks).bin}:${process.env.PATH}`;
    return shell(command.startsWith('az ') ? command : `az ${command}`, dir, { ...azEnv, PATH, ...env });
  };
  return {
    stack,
    sample,
    dir,
    env,
    az,
    async json(command) {
      const { code, stdout, stderr } = await az(command);
      if (code !== 0) throw new Error(`${command} ended with ${code}: ${stderr}`);
      return stdout.trim() === '' ? undefined : JSON.parse(stdout);
    },
    async write(files) {
      for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text);
    },
    async stop() {
      await (await forks)?.stop();
      await stack.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Asks for one command, passes its own streams on, and ends as the command does. */
const client = (python: string, socket: string) => `#!${python} -IS
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as forks:
    forks.connect(${JSON.stringify(socket)})
    asked = {"args": sys.argv[1:], "cwd": os.getcwd(), "env": dict(os.environ)}
    line = json.dumps(asked).encode() + b"\\n"
    sent = socket.send_fds(forks, [line], [0, 1, 2])
    forks.sendall(line[sent:])
    sys.exit(int(forks.recv(16) or b"70"))
`;

interface AzForks {
  /** For the head of PATH: its `az` is the real one, forked from a process that has imported its modules. */
  bin: string;
  stop(): Promise<void>;
}

/**
 * Half of what a command of az takes is to import itself; here that is done once for all commands of a test file.
 * @param env of every command, as far as az reads it while it is imported: AZURE_CONFIG_DIR, PYTHONUNBUFFERED
 * @throws Error where az is no script of Python, as it is from Debian's package
 */
export async function startAzForks(env: NodeJS.ProcessEnv): Promise<AzForks> {
  const own = '/usr/bin/az';
  const [, python] = /^#! ?(\S*python\S*)\n/.exec(await readFile(own, 'utf8')) ?? [];
  if (!python) throw new Error(`${own} is no script of Python. Install Debian's package azure-cli.`);
  // Another version's, where `npm run compat` tries it.
  const { PLINTH_AZ: az = own, PLINTH_AZ_PYTHON: runs = python } = process.env;
  const bin = await mkdtemp(join(tmpdir(), 'plinth-azs-'));
  const socket = join(bin, 'socket');
  await writeFile(join(bin, 'az'), client(python, socket));
  await chmod(join(bin, 'az'), 0o755);
  const forks = spawn(runs, [join(import.meta.dirname, 'azForks.py'), socket, az], {
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(forks, 'exit');
  await Promise.race([
    once(forks.stdout, 'data'),
    exited.then(() => Promise.reject(new Error('azForks.py ended'))),
  ]);
  return {
    bin,
    async stop() {
      forks.stdin.end();
      await exited;
      await rm(bin, { recursive: true, force: true });
    },
  };
}

/** Runs one line of shell. It is killed at the limit, and then ends with 137. */
export function shell(line: string, cwd: string, env: NodeJS.ProcessEnv): Promise<Done> {
  const started = performance.now();
  const child = spawn('/bin/bash', ['-c', line], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const done: Done = { code: 0, stdout: '', stderr: '', times: [] };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    done.stdout += text;
    const lines = text.split('\n').length - 1;
    done.times.push(...Array<number>(lines).fill(performance.now() - started));
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    done.stderr += text;
  });
  const timer = setTimeout(() => process.kill(-child.pid!, 'SIGKILL'), limitMs);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ ...done, code: code ?? 137 });
    });
  });
}

/** A table that az prints with `-o table`, as rows by their headings. */
export function tableRows(text: string): Record<string, string>[] {
  const [head = '', rule = '', ...lines] = text.split('\n');
  const columns = [...rule.matchAll(/-+/g)].map(
    ({ index, 0: { length } }) => [index, index + length] as const,
  );
  const cells = (line: string) => columns.map(([from, to]) => line.slice(from, to).trim());
  const names = cells(head);
  return lines
    .filter((line) => line.trim() !== '')
    .map((line) => Object.fromEntries(cells(line).map((cell, at) => [names[at]!, cell])));
}

/** The sample's files, for a context of one's own. */
export const sampleFile = (path: string) =>
  readFile(join(import.meta.dirname, '../../../examples/tutorial', path), 'utf8');
