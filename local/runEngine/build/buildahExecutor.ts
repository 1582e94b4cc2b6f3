import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type RunRequest, secretsIn } from '../api/runRequest.ts';
import {
  type Executor,
  type OutputImage,
  type PushedImage,
  type RunCommon,
  RunFailure,
  type RunWork,
} from '../types.ts';
import { type BuildahOptions, buildahCache, buildahIn, showing } from './buildahTool.ts';
import { writeBuilderFiles } from './builderFiles.ts';
import { readBuildOutput } from './buildOutput.ts';
import { printDependencies } from './dependencies.ts';
import { ignoreFlags } from './ignoreFile.ts';
import { pushImage } from './pushImage.ts';

const nameOf = ({ registry, repository, tag }: OutputImage) => `${registry}/${repository}:${tag}`;

/** Builds with buildah in a store of the run's own, and pushes. */
export function buildahExecutor(options: BuildahOptions): Executor {
  return async (work) => {
    const { request, images, log } = work;
    const [source, { buildah, access }] = await Promise.all([
      work.source(),
      openBuildah(work, request, options),
    ]);
    const secretArguments = request.arguments.filter(({ isSecret }) => isSecret);

    const ignored = await ignoreFlags(join(source.contextDir, request.dockerFilePath), source.contextDir);

    work.running();
    const output = readBuildOutput(showing(work.endpoints));
    const code = await buildah(
      ['build', ...buildFlags(work), ...ignored, ...access, '--file', source.dockerfile, source.contextDir],
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
      await log(`Pushing image: ${nameOf(image)}`);
      pushed.push(await pushImage({ buildah, access, work }, nameOf(image), image, String(pushed.length)));
    }
    await printDependencies(work, source.dockerfile, pushed, options.ca);
    return pushed;
  };
}

/** buildah with the logins of a run, and the options that name them. */
export async function openBuildah(work: RunCommon, request: RunRequest, options: BuildahOptions) {
  const [files] = await Promise.all([
    writeBuilderFiles(work.dir, work.logins, work.endpoints),
    mkdir(join(work.dir, 'tmp')),
    mkdir(buildahCache, { recursive: true }),
  ]);
  return {
    buildah: buildahIn(work, options, files.registriesConfig, secretsIn(request)),
    access: ['--authfile', files.authfile, '--cert-dir', options.certDir],
  };
}

/** `linux/arm/v7` as buildah takes it. */
export function platformFlag({ architecture, variant }: RunRequest['platform']): string {
  return ['linux', architecture === 'x86' ? '386' : architecture, ...(variant ? [variant] : [])].join('/');
}

function buildFlags({ request, images }: RunWork): string[] {
  return [
    // The format of ACR's own builds; OCI's has no place for HEALTHCHECK, SHELL and ONBUILD.
    ...['--isolation', 'chroot', '--format', 'docker', '--platform', platformFlag(request.platform)],
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
