import { runCommand } from '../machine/command.ts';

/** Nothing of this machine's git configuration reaches the local repositories. */
export const gitEnvironment = {
  PATH: process.env.PATH,
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
} as const;

const git = (args: string[], input?: string) =>
  runCommand('git', args, { env: gitEnvironment, ...(input === undefined ? {} : { input }) });

/** Makes an empty bare repository whose HEAD is `branch`, and from which any commit may be fetched by its SHA. */
export async function makeRepository(path: string, branch: string): Promise<void> {
  await git(['init', '--quiet', '--bare', `--initial-branch=${branch}`, path]);
  await git(['-C', path, 'config', 'uploadpack.allowAnySHA1InWant', 'true']);
  await git(['-C', path, 'config', 'uploadpack.allowFilter', 'true']);
}

/**
 * Puts one commit on a branch of a bare repository, and a tag on it where one is named. A branch that is not there begins
 * with this commit.
 * @returns the commit's SHA
 */
export async function commitFiles(
  path: string,
  files: Record<string, string>,
  { branch, tag, message = 'Change' }: { branch: string; tag?: string; message?: string },
): Promise<string> {
  const ref = `refs/heads/${branch}`;
  const parent = await git(['-C', path, 'rev-parse', '--verify', '--quiet', ref]).then(
    ({ stdout }) => stdout.trim(),
    () => undefined,
  );
  const stream = [
    `commit ${ref}`,
    'mark :1',
    `committer Plinth <plinth@localhost> ${Math.floor(Date.now() / 1000)} +0000`,
    data(message),
    ...(parent ? [`from ${parent}`] : []),
    ...Object.entries(files).flatMap(([name, text]) => [`M 100644 inline ${quoted(name)}`, data(text)]),
    ...(tag ? ['', `reset refs/tags/${tag}`, 'from :1'] : []),
    '',
    'get-mark :1',
    'done',
    '',
  ].join('\n');
  const { stdout } = await git(['-C', path, 'fast-import', '--quiet', '--done'], stream);
  return stdout.trim();
}

const data = (text: string) => `data ${Buffer.byteLength(text)}\n${text}`;

const quoted = (name: string) => `"${name.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n')}"`;
