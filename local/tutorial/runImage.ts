import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from '../machine/command.ts';
import { nullGuid } from '../registry/registry.ts';

interface ServeOptions {
  /** `appacr.azurecr.io/helloworld:ca1`, or with a digest. */
  image: string;
  /** Where the image's registry really listens: `https://localhost:PORT`. */
  endpoint: string;
  /** Of a principal that may pull. */
  refreshToken: string;
  /** Path of the certificate of the authority that the endpoint is signed by. */
  caFile: string;
  /** Port on which the image's program listens. */
  port?: number;
  /** Milliseconds for the pull, and again for the program's first answer. */
  limit?: number;
}

/**
 * Pulls an image, starts its program and gives the text with which it answers `GET /`. The program runs in a network, a
 * process and a mount namespace of its own, where its port is free; nothing is left of it afterwards.
 * @throws when the image cannot be pulled, or its program ends or stays silent, with what it wrote
 */
export async function serveOnce(options: ServeOptions): Promise<string> {
  const { image, endpoint, refreshToken, caFile, port = 80, limit = 60_000 } = options;
  const dir = await mkdtemp(join(tmpdir(), 'plinth-serve-'));
  try {
    const host = new URL(endpoint).host;
    const authFile = join(dir, 'auth.json');
    const policyFile = join(dir, 'policy.json');
    const auth = Buffer.from(`${nullGuid}:${refreshToken}`).toString('base64');
    await writeFile(authFile, JSON.stringify({ auths: { [host]: { auth } } }), { mode: 0o600 });
    await writeFile(policyFile, JSON.stringify({ default: [{ type: 'insecureAcceptAnything' }] }));
    const storage = ['--root', join(dir, 'root'), '--runroot', join(dir, 'run'), '--storage-driver', 'vfs'];
    const buildah = (...args: string[]) =>
      runCommand('buildah', [...args.slice(0, 1), ...storage, ...args.slice(1)], {
        env: { PATH: process.env.PATH, HOME: dir, SSL_CERT_FILE: caFile },
        limit,
      });

    const pulled = `${host}/${image.slice(image.indexOf('/') + 1)}`;
    await buildah('from', '--name', 'app', '--authfile', authFile, '--signature-policy', policyFile, pulled);
    const { stdout } = await buildah('inspect', '--type', 'container', 'app');
    const { Entrypoint, Cmd }: { Entrypoint?: string[]; Cmd?: string[] } = JSON.parse(stdout).OCIv1.config;
    const run = ['buildah', 'run', ...storage, '--isolation', 'chroot', 'app', '--'];
    const served = await runCommand(
      'unshare',
      [
        ...['--mount', '--pid', '--net', '--fork', '--kill-child=KILL', '--mount-proc'],
        ...['busybox', 'sh', '-c', askUntilAnswered, 'sh', `${port}`],
        ...[...run, ...(Entrypoint ?? []), ...(Cmd ?? [])],
      ],
      { env: { PATH: process.env.PATH, HOME: dir }, limit },
    );
    return served.stdout;
  } catch (cause) {
    throw new Error(`Cannot run ${image}: ${(cause as Error).message}`, { cause });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

// The shell is the first process of its namespace: when it ends, the kernel ends the server with it.
const askUntilAnswered = `
port=$1; shift
busybox ip link set lo up || exit 1
"$@" >&2 & server=$!
while kill -0 $server 2>/dev/null; do
  busybox wget -q -O - "http://127.0.0.1:$port/" 2>/dev/null && exit 0
  busybox usleep 50000
done
echo 'its program ended before it answered' >&2
exit 1
`;
