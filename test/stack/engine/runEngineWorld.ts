import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { create } from 'tar';
import { startGitServer } from '../../../local/git/gitServer.ts';
import { createEntra } from '../../../local/identity/entra.ts';
import { createRoles } from '../../../local/identity/roles.ts';
import { makeTls } from '../../../local/machine/tls.ts';
import { nullGuid, startRegistry } from '../../../local/registry/registry.ts';
import type { runResource } from '../../../local/runEngine/run/runRecord.ts';
import { type RunEngineOptions, startRunEngine } from '../../../local/runEngine/startRunEngine.ts';
import { startAzurite } from '../../../local/storage/azurite.ts';
import { waitFor } from '../../doubles/waitFor.ts';

export type RunShown = ReturnType<typeof runResource>;
export interface Answer {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: any;
}

const group = '/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/localrg';
export const idOf = (name: string) => `${group}/providers/Microsoft.ContainerRegistry/registries/${name}`;
export const subscriptionId = group.split('/')[2]!;

/** Principals of the registries' roles: builder pushes to both, baseReader only pulls from baseacr, nobody has no role. */
export const principals = { builder: 'builder', baseReader: 'base-reader', nobody: 'nobody' };

/** Real registries, storage and git around a run engine whose only users are the tokens `owner` and `reader`. */
export async function startWorld(options: Partial<RunEngineOptions> = {}) {
  const dir = await mkdtemp(join(tmpdir(), 'plinth-run-engine-'));
  const tls = await makeTls(join(dir, 'tls'));
  const entra = createEntra('22222222-2222-2222-2222-222222222222');
  const roles = createRoles();
  roles.assign({ scope: idOf('baseacr'), principalId: principals.builder, role: 'AcrPush' });
  roles.assign({ scope: idOf('appacr'), principalId: principals.builder, role: 'AcrPush' });
  roles.assign({ scope: idOf('baseacr'), principalId: principals.baseReader, role: 'AcrPull' });
  const [azurite, git, ...registries] = await Promise.all([
    startAzurite(),
    startGitServer({ dir: join(dir, 'git') }),
    ...['baseacr', 'appacr'].map((name) =>
      startRegistry({
        name,
        resourceId: idOf(name),
        loginServer: `${name}.azurecr.io`,
        dir: join(dir, name),
        tls,
        entra,
        roles,
      }),
    ),
  ]);
  const registryOf = (name: string) => registries.find((registry) => registry.name === name)!;
  const login = async (registry: string, principal: string) => ({
    username: nullGuid,
    password: await registryOf(registry).refreshTokenFor(principal),
  });
  const engineOptions: RunEngineOptions = {
    registries: registries.map(({ name, resourceId, loginServer, endpoint }) => ({
      name,
      resourceId,
      loginServer,
      endpoint,
      pushCredentials: () => login(name, principals.builder),
    })),
    blob: { connectionString: azurite.connectionString },
    tls,
    caFile: tls.caFile,
    dir: join(dir, 'engine'),
    minimumTimeout: 1,
    authorize: (token, _resourceId, action) =>
      token === 'owner' || (token === 'reader' && action === 'readRuns')
        ? { status: 200 }
        : { status: token === 'reader' ? 403 : 401 },
    ...options,
  };
  const engine = await startRunEngine(engineOptions);

  /** A call of ARM on a registry, `appacr` unless told. */
  async function arm(
    method: string,
    path: string,
    body?: unknown,
    { registry = 'appacr', token = 'owner', version = '2019-06-01-preview', url = engine.url } = {},
  ): Promise<Answer> {
    const target = path.startsWith('/') || path.startsWith('http') ? path : `${idOf(registry)}/${path}`;
    const full = new URL(target, url);
    if (version !== '') full.searchParams.set('api-version', version);
    const content = body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body);
    const headers = token === '' ? {} : { authorization: `Bearer ${token}` };
    return new Promise((resolve, reject) => {
      const call = request(full, { method, ca: tls.ca, headers }, async (answer) => {
        const text = (await buffer(answer)).toString();
        resolve({
          status: answer.statusCode!,
          headers: answer.headers,
          body: text === '' ? undefined : JSON.parse(text),
        });
      });
      call.on('error', reject);
      call.end(content);
    });
  }

  async function upload(archive: Buffer, registry = 'appacr'): Promise<string> {
    const { uploadUrl, relativePath } = (
      await arm('POST', 'listBuildSourceUploadUrl', undefined, { registry })
    ).body;
    const put = await fetch(uploadUrl, {
      method: 'PUT',
      headers: { 'x-ms-blob-type': 'BlockBlob' },
      body: new Uint8Array(archive),
    });
    if (put.status !== 201) throw new Error(`PUT of the source: ${put.status} ${await put.text()}`);
    return relativePath;
  }

  /** Schedules a Docker build of some files, or of a sourceLocation. */
  async function schedule(
    source: Record<string, string> | string,
    request: object = {},
    registry = 'appacr',
  ) {
    const sourceLocation = typeof source === 'string' ? source : await upload(await pack(source), registry);
    const body = { ...dockerBuild, sourceLocation, ...request };
    const { status, body: run } = await arm('POST', 'scheduleRun', body, { registry });
    if (status !== 200) throw new Error(`scheduleRun: ${status} ${JSON.stringify(run)}`);
    return (run as RunShown).name;
  }
  const show = async (runId: string, registry = 'appacr'): Promise<RunShown['properties']> =>
    (await arm('GET', `runs/${runId}`, undefined, { registry })).body.properties;
  const ended = (runId: string, registry = 'appacr') =>
    waitFor(
      `the end of run ${runId}`,
      async () => {
        const run = await show(runId, registry);
        return run.finishTime === undefined ? undefined : run;
      },
      60_000,
    );
  async function log(runId: string, registry = 'appacr'): Promise<string> {
    const { body } = await arm('POST', `runs/${runId}/listLogSasUrl`, undefined, { registry });
    const answer = await fetch(body.logLink);
    return answer.ok ? answer.text() : '';
  }
  async function build(source: Record<string, string> | string, request: object = {}, registry = 'appacr') {
    const runId = await schedule(source, request, registry);
    const run = await ended(runId, registry);
    return { runId, run, log: await log(runId, registry) };
  }

  return {
    ...{
      dir,
      tls,
      azurite,
      git,
      registryOf,
      login,
      engine,
      engineOptions,
      arm,
      upload,
      schedule,
      show,
      ended,
      log,
      build,
    },
    async stop() {
      await engine.stop();
      await Promise.all([...registries, git, azurite].map((each) => each.stop()));
      await rm(dir, { recursive: true, force: true });
    },
  };
}
export type World = Awaited<ReturnType<typeof startWorld>>;

export const dockerBuild = {
  type: 'DockerBuildRequest',
  dockerFilePath: 'Dockerfile',
  platform: { os: 'Linux', architecture: 'amd64' },
};

/** A tar.gz of texts; the content `busybox` is the program itself. */
export async function pack(files: Record<string, string>): Promise<Buffer> {
  const dir = await mkdtemp(join(tmpdir(), 'plinth-pack-'));
  try {
    for (const [name, content] of Object.entries(files)) {
      await mkdir(dirname(join(dir, name)), { recursive: true });
      if (content === 'busybox') await copyFile('/bin/busybox', join(dir, name));
      else await writeFile(join(dir, name), content);
    }
    return await buffer(
      create({ gzip: true, cwd: dir }, Object.keys(files)) as unknown as NodeJS.ReadableStream,
    );
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** Every process of this machine with its command line. */
export async function processes(): Promise<{ pid: number; argv: string }[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const argv = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
  return pids.map((pid, at) => ({ pid: Number(pid), argv: argv[at]!.replaceAll('\0', ' ') }));
}
