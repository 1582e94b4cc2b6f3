import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Stack } from '../stack.ts';
import { makeUpstreamImage, pushUpstream } from './upstreamImage.ts';

const folder = join(import.meta.dirname, '../../examples/tutorial');
const read = (path: string) => readFile(join(folder, path), 'utf8');

/**
 * What the tutorial starts from: an upstream image in the base registry, and a git repository each for base and app. The
 * base has a branch `next`, with another version.
 */
export interface Sample {
  baseRepository: string;
  appRepository: string;
  /** Commits the base's Dockerfile with another NODE_VERSION. */
  changeBase(version: string): Promise<void>;
}

export const baseImage = 'baseimages/node:15-alpine';

export async function seedSample(stack: Stack): Promise<Sample> {
  // The upstream image is the same each time on a machine, so it is kept between two runs.
  const upstream = await makeUpstreamImage(join(tmpdir(), 'plinth-upstream'));
  const as = { identity: stack.owner, entra: stack.entra, tls: stack.tls };
  await pushUpstream(
    upstream,
    { registry: stack.registries.baseacr!, repository: 'upstream/node', tag: '15-alpine' },
    as,
  );
  const dockerfile = await read('base/Dockerfile-base');
  const ofVersion = (version: string) => dockerfile.replace(/NODE_VERSION \S+/, `NODE_VERSION ${version}`);
  await stack.git.createRepository('base', { 'Dockerfile-base': dockerfile });
  await stack.git.commit('base', { 'Dockerfile-base': ofVersion('15.2.1a') }, { branch: 'next' });
  const app = ['Dockerfile-app', 'package.json', 'server.js'];
  const files = await Promise.all(app.map(async (name) => [name, await read(`app/${name}`)] as const));
  await stack.git.createRepository('app', Object.fromEntries(files));
  return {
    baseRepository: `${stack.git.url}/base.git#main`,
    appRepository: `${stack.git.url}/app.git#main`,
    async changeBase(version) {
      await stack.git.commit('base', { 'Dockerfile-base': ofVersion(version) }, { branch: 'main' });
    },
  };
}

/** The quick build of the base image. */
export const baseBuild = (sample: Sample) => ({
  type: 'DockerBuildRequest',
  imageNames: [baseImage],
  dockerFilePath: 'Dockerfile-base',
  sourceLocation: sample.baseRepository,
  platform: { os: 'linux', architecture: 'amd64' },
});

/** The tutorial's task; the credential is added with the role, as the tutorial does. */
export const appTask = (sample: Sample) => ({
  location: 'local',
  identity: { type: 'SystemAssigned' },
  properties: {
    platform: { os: 'linux', architecture: 'amd64' },
    step: {
      type: 'Docker',
      contextPath: sample.appRepository,
      dockerFilePath: 'Dockerfile-app',
      imageNames: ['helloworld:{{.Run.ID}}'],
      arguments: [{ name: 'REGISTRY_NAME', value: 'baseacr.azurecr.io' }],
    },
    trigger: { baseImageTrigger: { name: 'defaultBaseimageTriggerName', baseImageTriggerType: 'Runtime' } },
  },
});

export const baseCredential = {
  properties: { credentials: { customRegistries: { 'baseacr.azurecr.io': { identity: '[system]' } } } },
};
