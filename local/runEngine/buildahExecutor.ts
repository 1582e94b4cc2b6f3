import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { locationOf, writeBuilderFiles } from './builderFiles.ts';
import { readBuildOutput } from './buildOutput.ts';
import { runContained } from './contained.ts';
import { printDependencies } from './dependencies.ts';
import { lineCutter } from './lines.ts';
import { maskOf } from './mask.ts';
import { type Executor, type OutputImage, type PushedImage, RunFailure, type RunWork } from './types.ts';

export interface BuildahOptions {
  storageDriver: 'overlay' | 'vfs';
  /** A directory of `*.crt`, the authorities the registries' certificates come from. */
  certDir: string;
  /** The same authorities, PEM. */
  ca: string;
  /** Shared by all runs: which layer is where, so that a push mounts instead of sending. Holds no secret. */
  cacheDir: string;
}

/** Where buildah, as root, keeps that knowledge; it takes no option for it. */
const buildahCache = '/var/lib/containers';

/** What the builder may see of this process's environment. */
const passed = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy'];

const nameOf = ({ registry, repository, tag }: OutputImage) => `${registry}/${repository}:${tag}`;

/** Builds with buildah in a store of the run's own, and pushes. */
export function buildahExecutor(options: BuildahOptions): Executor {
  return async (work) => {
    const { request, images, dir, log } = work;
    const [source, files] = await Promise.all([
      work.source(),
      writeBuilderFiles(dir, work.logins, work.endpoints),
      mkdir(join(dir, 'tmp')),
      mkdir(buildahCache, { recursive: true }),
    ]);
    const secretArguments = request.arguments.filter(({ isSecret }) => isSecret);
    const buildah = toolIn(work, options, files.registriesConfig);
    const access = ['--authfile', files.authfile, '--cert-dir', options.certDir];

    work.running();
    const show = showing(work.endpoints);
    const output = readBuildOutput(show);
    const code = await buildah(
      ['build', ...buildFlags(work), ...access, '--file', source.dockerfile, source.contextDir],
      Object.fromEntries(secretArguments.map(({ name, value }) => [name, value])),
      async (text) => {
        const line = output.line(text);
        if (line !== undefined) await log(line);
      },
    );
    if (code !== 0) throw new RunFailure(output.fault(code));

    const pushed: PushedImage[] = [];
    if (!request.isPushEnabled) return pushed;
    for (const image of images) {
      const name = nameOf(image);
      await log(`Pushing image: ${name}`);
      const endpoint = work.endpoints.get(image.registry) ?? `https://${image.registry}`;
      const digestFile = join(dir, `digest-${pushed.length}`);
      // A push goes where its name says; registries.conf redirects pulls only.
      const to = `docker://${locationOf(endpoint)}/${image.repository}:${image.tag}`;
      const plain = endpoint.startsWith('http://') ? ['--tls-verify=false'] : [];
      let last = '';
      const code = await buildah(
        ['push', ...access, ...plain, '--digestfile', digestFile, name, to],
        {},
        (line) => {
          last = line;
          const blob = /^Copying blob sha256:([0-9a-f]{12})/.exec(line)?.[1];
          return blob === undefined ? Promise.resolve() : log(`${blob}: Pushing`);
        },
      );
      if (code !== 0) {
        const why = show(last.replace(/^Error: /, ''));
        throw new RunFailure(
          `Pushing ${name} failed: ${why}. Check that the registry is up and the run may push to it.`,
        );
      }
      const digest = (await readFile(digestFile, 'utf8')).trim();
      await log(`${image.tag}: digest: ${digest}`);
      await log(`Successfully pushed image: ${name}`);
      pushed.push({ ...image, digest });
    }
    await printDependencies(work, source.dockerfile, pushed, options.ca);
    return pushed;
  };
}

function buildFlags({ request, images }: RunWork): string[] {
  const { architecture, variant } = request.platform;
  const platform = ['linux', architecture === 'x86' ? '386' : architecture, ...(variant ? [variant] : [])];
  return [
    // The format of ACR's own builds; OCI's has no place for HEALTHCHECK, SHELL and ONBUILD.
    ...['--isolation', 'chroot', '--format', 'docker', '--platform', platform.join('/')],
    ...images.flatMap((image) => ['--tag', nameOf(image)]),
    ...(request.noCache ? ['--no-cache'] : []),
    ...(request.target ? ['--target', request.target] : []),
    // A secret's name alone: the value comes from the environment. The history would hold it in clear.
    ...request.arguments.flatMap(({ name, value, isSecret }) => [
      '--build-arg',
      isSecret ? name : `${name}=${value}`,
    ]),
    ...(request.arguments.some(({ isSecret }) => isSecret) ? ['--omit-history'] : []),
  ];
}

/** buildah with the run's store, reading its output by lines. */
function toolIn({ dir, signal, request }: RunWork, options: BuildahOptions, registriesConfig: string) {
  const store = ['--root', join(dir, 'root'), '--runroot', join(dir, 'run')];
  const base: Record<string, string> = {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: dir,
    TMPDIR: join(dir, 'tmp'),
    CONTAINERS_REGISTRIES_CONF: registriesConfig,
    ...Object.fromEntries(passed.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : []))),
  };
  const mask = maskOf(request.arguments.filter(({ isSecret }) => isSecret).map(({ value }) => value));
  return async (args: string[], env: Record<string, string>, line: (text: string) => Promise<void>) => {
    const cutter = lineCutter(mask, line);
    const command = ['buildah', ...store, '--storage-driver', options.storageDriver, ...args];
    const binds = [{ from: options.cacheDir, to: buildahCache }];
    const code = await runContained(command, {
      env: { ...base, ...env },
      cwd: dir,
      signal,
      binds,
      output: cutter.add,
    });
    await cutter.end();
    return code;
  };
}

/** Puts the login server's name where a message has the real place. */
function showing(endpoints: ReadonlyMap<string, string>): (text: string) => string {
  const places = [...endpoints].map(([server, endpoint]) => [locationOf(endpoint), server] as const);
  return (text) => places.reduce((shown, [place, server]) => shown.replaceAll(place, server), text);
}
