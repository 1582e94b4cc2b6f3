import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '../../../local/machine/command.ts';

const root = join(import.meta.dirname, '../../..');

/** The last commit of 0.1.0. */
const commit = '70fe027c07670649456fed47ddb8d536817be326';

const git = (...args: string[]) => runCommand('git', args, { cwd: root, limit: 60_000 });

/** Why the version before cannot be built from this clone; undefined where it can. A shallow clone fetches it. */
export async function whyNotThere(): Promise<string | undefined> {
  const isThere = () => git('cat-file', '-e', `${commit}^{commit}`);
  try {
    await isThere().catch(async () => {
      await git('fetch', '--quiet', '--depth=1', 'origin', commit);
      await isThere();
    });
    return undefined;
  } catch {
    return `this clone does not have the commit ${commit}: git fetch --unshallow`;
  }
}

/**
 * Builds the package of the version before as that version does, with the packages that lie here: it names the same
 * versions of those that are bundled.
 * @param dir is made
 * @returns the folder of the package
 */
export async function packageBefore(dir: string): Promise<string> {
  await mkdir(dir, { recursive: true });
  const tar = join(dir, 'source.tar');
  await git('archive', '--output', tar, commit);
  await runCommand('tar', ['-xf', tar, '-C', dir]);
  await symlink(join(root, 'node_modules'), join(dir, 'node_modules'));
  const options = { cwd: dir, limit: 120_000 };
  await runCommand(process.execPath, ['--import', import.meta.resolve('tsx'), 'infra/package.ts'], options);
  return join(dir, 'dist/package');
}
