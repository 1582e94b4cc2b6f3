// Tier: long, az before a second front; azTutorial.test.ts has the first.
/** The front for a deployed Plinth, with the real az before it and the local Azure in the place of Azure's ARM. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { suite } from 'uvu';
import { writeAzConfig } from '../../../local/az/azConfig.ts';
import { startDeployedFront } from '../../../local/az/deployed.ts';
import type { ArmFront } from '../../../local/az/serve.ts';
import { subscriptionId, tenantId } from '../../../local/identity/resourceIds.ts';
import { type AzWorld, shell, startAzWorld } from './azWorld.ts';

const test = suite<{ world: AzWorld; front: ArmFront; line: string }>('az and a deployed Plinth');

test.before(async (context) => {
  const world = await startAzWorld({ pull: ['baseacr', 'appacr'] });
  const { tls, az, url, keys } = world.stack;
  const front = await startDeployedFront({
    ...{ tls, ca: tls.ca, arm: az!.origin },
    plinth: { url, functionKey: keys.function },
  });
  const { line } = await writeAzConfig({
    ...{
      dir: join(world.dir, 'deployed'),
      origin: front.origin,
      subscriptionId,
      tenantId,
      caFile: tls.caFile,
    },
    identityEnvironment: { MSI_ENDPOINT: az!.environment.MSI_ENDPOINT! },
    dataPlaneProxy: az!.environment.HTTPS_PROXY!,
  });
  Object.assign(context, { world, front, line });
});
test.after(async ({ world, front }) => {
  await front.stop();
  await world.stop();
});

test('the line to source makes az talk to the stack, and to nothing of the person’s own', async ({
  world,
}) => {
  const { code, stdout, stderr } = await shell(
    `${world.stack.az!.line}; az cloud show --query endpoints.resourceManager -o tsv && az acr list --query "[].name" -o tsv && echo "[$AZURE_CONFIG_DIR]"`,
    world.dir,
    { PATH: process.env.PATH, HOME: join(world.dir, 'nowhere') },
  );
  assert.equal(code, 0, stderr);
  assert.equal(stdout, `${world.stack.az!.origin}\nbaseacr\nappacr\n[]\n`);
});

const commands: [title: string, command: string, out: RegExp][] = [
  [
    'a task is created',
    'acr task create -r appacr -n behind -t behind:v1 -c $GIT/base.git#main -f Dockerfile-base --commit-trigger-enabled false --assign-identity --query name -o tsv',
    /^behind\n$/,
  ],
  [
    'it is given a credential',
    'acr task credential add -r appacr -n behind --login-server baseacr.azurecr.io --use-identity [system] --query "keys(@)" -o tsv',
    /^baseacr\.azurecr\.io\n$/,
  ],
  ['it is run, its log shown', 'acr task run -r appacr -n behind', /Successfully pushed image: appacr/],
  ['its run is listed', 'acr task list-runs -r appacr -o table', /behind +linux +Succeeded +Manual/],
];
for (const [title, command, out] of commands)
  test(`through the front with ARM behind it: ${title}`, async ({ world, line }) => {
    const done = await shell(`${line}; az ${command}`, world.dir, { ...process.env, ...world.env });
    assert.equal(done.code, 0, done.stderr);
    assert.match(done.stdout, out);
  });

test.run();
