import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { promisify } from 'node:util';

const scripts = join(import.meta.dirname, '../../../infra/scripts');

/** Runs a script, or a program of an absolute path, with a stand-in for az: a shell text that sees its arguments. */
export async function run(script: string, args: string[], az: string, env: Record<string, string> = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'plinth-scripts-'));
  try {
    const log = join(folder, 'log');
    writeFileSync(log, '');
    writeFileSync(
      join(folder, 'az'),
      `#!/bin/sh\nprintf '%s\\n' "$*" >> '${log}'\nfor last; do :; done\ncase "$*" in *--body*) cat "\${last#@}" >> '${log}.bodies';; esac\n${az}\n`,
    );
    chmodSync(join(folder, 'az'), 0o755);
    const PATH = `${folder}${delimiter}${process.env.PATH}`;
    const done = await promisify(execFile)(resolve(scripts, script), args, { env: { ...env, PATH } }).then(
      ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
      (error) => ({
        code: error.code as number,
        stdout: error.stdout as string,
        stderr: error.stderr as string,
      }),
    );
    let bodies = '';
    try {
      bodies = readFileSync(`${log}.bodies`, 'utf8');
    } catch {
      // no call had a body
    }
    return { ...done, calls: readFileSync(log, 'utf8').trim().split('\n').filter(Boolean), bodies };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
