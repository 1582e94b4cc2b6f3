import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runContained } from './contained.ts';

/**
 * The storage driver that works in a directory: overlay where the file system lets it (half the time and a third of the
 * disk of vfs on a base of 100 MB), else vfs, which copies every layer. Also shows that a build can be contained at all.
 * @throws Error when it cannot, saying what is missing
 */
export async function storageDriverFor(dir: string): Promise<'overlay' | 'vfs'> {
  const probe = join(dir, 'probe');
  const [lower, upper, work, merged] = ['lower', 'upper', 'work', 'merged'].map((name) => join(probe, name));
  for (const path of [lower!, upper!, work!, merged!]) await mkdir(path, { recursive: true });
  const layers = `lowerdir=${lower},upperdir=${upper},workdir=${work}`;
  const mount = 'mount -t overlay overlay -o "$1" "$2" 2>/dev/null && echo overlay || echo vfs';
  let said = '';
  let code = 1;
  try {
    code = await runContained(['/bin/sh', '-c', mount, 'probe', layers, merged!], {
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
      cwd: dir,
      signal: AbortSignal.timeout(10_000),
      output: (text) => {
        said += text;
      },
    });
  } catch (cause) {
    said += (cause as Error).message;
  } finally {
    await rm(probe, { recursive: true, force: true });
  }
  if (code !== 0)
    throw new Error(
      `The run engine cannot give builds a namespace of their own (setpriv, unshare): ${said.trim()}. It needs root, or a container with CAP_SYS_ADMIN.`,
    );
  return said.trim() === 'overlay' ? 'overlay' : 'vfs';
}
