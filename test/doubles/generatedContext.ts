import { execFile } from 'node:child_process';
import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { within } from '../../shared/adapters/source/contextLinks.ts';
import { git } from './gitHttp.ts';

const run = promisify(execFile);

export type Kind = 'git' | 'tar';

/** Numbers from 0 to below n, the same for the same seed (mulberry32). */
function dice(seed: number) {
  let state = seed;
  return (n: number) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % n;
  };
}

const names = [
  ...[
    'plain.txt',
    'a b.md',
    'ünï.txt',
    'u\u0308.txt',
    'ü.txt',
    'back\\slash',
    '-dash',
    '#hash',
    '!bang',
    '.hidden',
  ],
  ...[
    'Dockerfile.step-0',
    'UPPER',
    'upper',
    'keep.md',
    'key',
    `${'long'.repeat(50)}.txt`,
    'tail ',
    'new\nline',
    '$var',
    '*',
  ],
];
const notUtf8 = [
  Buffer.from([0x63, 0x61, 0x66, 0xe9]),
  Buffer.from([0xff, 0xfe, 0x2e]),
  Buffer.from([0x63, 0xe8]),
];

const ignores = [
  undefined,
  '*.md\n!keep.md\n',
  '# comment\nsecrets\n.dockerignore\n',
  '*\n!one\n!two\n',
  '**/key\nDockerfile*',
  '/one/\r\n',
  '**\n!**/keep.md\n!.plinth-pinned\n',
];

/** Every shape stays inside: to a file, a folder, a link, over links, to what is not there, up and down again. */
const links: [path: string, target: string][] = [
  ['current', 'releases/2'],
  ['latest', 'current'],
  ['newest', 'latest/'],
  ['one/up', '../two'],
  ['one/over', '../latest/../2/file'],
  ['two/self', '.'],
  ['dangling', 'not/there'],
  ['middle', 'one/../two'],
  ['circle', 'circle'],
  ['releases/back', '../one/up/deep'],
  ['linked', 'docker'],
  ['two/dots', './/../one//.'],
];

export const dockerfilePlaces = [
  'Dockerfile',
  'docker/App.Dockerfile',
  'linked/App.Dockerfile',
  'alias',
] as const;
const dockerfile = 'FROM appacr.azurecr.io/base/context:1\nCOPY . /ctx\n';

export interface Generated {
  dockerFilePath: string;
  /** What it has, for a failing test. */
  said: string;
}

/** Writes a context of the seed into an empty folder. */
export async function writeContext(dir: string, seed: number, kind: Kind): Promise<Generated> {
  const roll = dice(seed);
  const pick = <T>(from: readonly T[]): T => from[roll(from.length)]!;
  const modes = kind === 'git' ? [0o644, 0o755] : [0o644, 0o755, 0o600, 0o664, 0o777, 0o4755];
  for (const folder of ['one', 'two/deep', 'releases/2', 'docker', 'secrets'])
    await mkdir(join(dir, folder), { recursive: true });
  const write = async (path: Buffer, text: string) => {
    await writeFile(within(dir, path), text);
    await chmod(within(dir, path), pick(modes));
  };
  for (const path of ['one/f', 'two/deep/g', 'releases/2/file', 'secrets/key'])
    await write(Buffer.from(path), path);
  for (const folder of ['', 'one/', 'two/deep/'])
    for (let n = 0; n < 4; n++) {
      const name = kind === 'git' && roll(3) === 0 ? pick(notUtf8) : Buffer.from(pick(names));
      await write(Buffer.concat([Buffer.from(folder), name]), `${seed} ${n}`.repeat(roll(200)));
    }
  for (const [path, target] of links)
    if (path === 'linked' || roll(3) > 0) await symlink(target, join(dir, path));
  await writeFile(join(dir, 'Dockerfile'), dockerfile);
  await writeFile(join(dir, 'docker/App.Dockerfile'), dockerfile);
  await symlink('docker/App.Dockerfile', join(dir, 'alias'));
  const dockerFilePath = dockerfilePlaces[seed % dockerfilePlaces.length]!;
  const ignore = pick(ignores);
  const own = roll(2) === 0 ? pick(ignores) : undefined;
  if (ignore !== undefined) await writeFile(join(dir, '.dockerignore'), ignore);
  if (own !== undefined) await writeFile(join(dir, `${dockerFilePath}.dockerignore`), own);
  return { dockerFilePath, said: JSON.stringify({ seed, kind, dockerFilePath, ignore, own }) };
}

/** Puts a folder where it is served: a bare repository, or a tar.gz of the machine's own tar. */
export async function serveContext(dir: string, served: string, name: string, kind: Kind): Promise<string> {
  if (kind === 'tar') {
    await run('tar', ['-czf', join(served, `${name}.tar.gz`), '-C', dir, '.']);
    return `${name}.tar.gz`;
  }
  await git(dir, 'init', '-q', '-b', 'main');
  await git(dir, 'add', '-A', '-f');
  await git(dir, 'commit', '-q', '-m', name);
  await git(served, 'clone', '-q', '--bare', dir, `${name}.git`);
  return `${name}.git#main`;
}
