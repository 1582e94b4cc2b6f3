import { Worker } from 'node:worker_threads';
import { programArguments } from '../../local/machine/program.ts';

export interface ThreadEnded {
  code: number;
  stdout: string;
  stderr: string;
}

/**
 * Runs one of the project's programs in a thread: a process of its own costs several times the processor time, and a
 * test has many rows.
 * @param file absolute
 * @param env its whole environment; process.env is that of the thread alone
 * @returns what a process would end with
 */
export function runInThread(file: string, argv: string[], env: NodeJS.ProcessEnv): Promise<ThreadEnded> {
  const thread = new Worker(programArguments(file).at(-1)!, { argv, env, stdout: true, stderr: true });
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    thread[name].setEncoding('utf8').on('data', (chunk) => (said[name] += chunk));
  thread.on('error', (error: Error) => (said.stderr += error.stack));
  return new Promise((ended) => thread.on('exit', (code) => ended({ code, ...said })));
}
