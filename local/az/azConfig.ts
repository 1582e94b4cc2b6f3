import { access, chmod, constants, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

interface AzConfigOptions {
  /** Where the configuration goes; made when it is not there. */
  dir: string;
  /** `https://127.0.0.1:PORT` of the ARM front. */
  origin: string;
  subscriptionId: string;
  tenantId: string;
  /** PEM file of the authority that signed the front's certificate. */
  caFile: string;
  /** Where every version of az finds the tokens of whoever it is signed in as. */
  identityEnvironment: Record<string, string>;
  /** The proxy that leads login servers to the local registries. */
  dataPlaneProxy: string;
}

export interface AzConfig {
  /** What az needs to find in its environment; a value of undefined must not be set. */
  environment: Record<string, string | undefined>;
  /** One line for a shell, after which `az` talks to the local stack. */
  line: string;
}

const cloud = 'Plinth';

/**
 * Writes what `az cloud register`, `az cloud set` and `az login --identity` would write, so that no login is needed,
 * and a wrapper that sets az's environment for az alone: no other program of the shell is touched, nor is ~/.azure.
 */
export async function writeAzConfig(options: AzConfigOptions): Promise<AzConfig> {
  const { dir, origin, subscriptionId, tenantId } = options;
  const config = join(dir, 'config');
  await mkdir(config, { recursive: true, mode: 0o700 });
  const write = (name: string, text: string) => writeFile(join(config, name), text);
  await write('config', `[cloud]\nname = ${cloud}\n[core]\ncollect_telemetry = no\nsurvey_message = no\n`);
  await write(
    'clouds.config',
    [
      `[${cloud}]`,
      `endpoint_management = ${origin}`,
      `endpoint_resource_manager = ${origin}`,
      `endpoint_active_directory = ${origin}/adfs`,
      // The audience of tokens, as in Azure: the address of the front is no part of it.
      'endpoint_active_directory_resource_id = https://management.azure.com',
      `endpoint_active_directory_graph_resource_id = ${origin}/graph`,
      `endpoint_microsoft_graph_resource_id = ${origin}/msgraph/`,
      'suffix_storage_endpoint = local',
      'suffix_keyvault_dns = .vault.azure.net',
      'suffix_acr_login_server_endpoint = .azurecr.io',
      `subscription = ${subscriptionId}`,
      '',
    ].join('\n'),
  );
  // Without it the first command asks the internet for the newest version.
  await write('versionCheck.json', JSON.stringify({ versions: {}, update_time: '' }));
  await write('azureProfile.json', JSON.stringify(profile(subscriptionId, tenantId)));

  const environment = {
    AZURE_CONFIG_DIR: config,
    REQUESTS_CA_BUNDLE: options.caFile,
    ...options.identityEnvironment,
    HTTPS_PROXY: options.dataPlaneProxy,
    NO_PROXY: '127.0.0.1,localhost',
    // Lines of a log are shown as they come, through a pipe too.
    PYTHONUNBUFFERED: '1',
    // These would make az look for its token, or its way, elsewhere.
    ...Object.fromEntries(
      [
        'MSI_SECRET',
        'IDENTITY_SERVER_THUMBPRINT',
        'APPSETTING_WEBSITE_SITE_NAME',
        'https_proxy',
        'HTTP_PROXY',
        'http_proxy',
        'no_proxy',
      ].map((name) => [name, undefined]),
    ),
  };
  return { environment, line: await writeWrapper(dir, environment) };
}

const profile = (subscriptionId: string, tenantId: string) => ({
  installationId: '00000000-0000-0000-0000-000000000000',
  subscriptions: [
    {
      id: subscriptionId,
      name: 'Plinth on this machine',
      state: 'Enabled',
      user: { name: 'systemAssignedIdentity', type: 'servicePrincipal', assignedIdentityInfo: 'MSI' },
      isDefault: true,
      tenantId,
      environmentName: cloud,
      homeTenantId: tenantId,
      managedByTenants: [],
    },
  ],
});

/** A shell script `az` that is found before the real one, and the line that puts it there. */
async function writeWrapper(dir: string, environment: AzConfig['environment']): Promise<string> {
  const bin = join(dir, 'bin');
  await mkdir(bin, { recursive: true });
  const settings = Object.entries(environment).map(([name, value]) =>
    value === undefined ? `unset ${name}` : `export ${name}=${quoted(value)}`,
  );
  const real = await realAz(bin);
  const run = real
    ? `exec ${quoted(real)} "$@"`
    : 'echo "The Azure CLI is not installed here (Debian: apt-get install azure-cli). Install it and start Plinth again." >&2; exit 127';
  await writeFile(join(bin, 'az'), ['#!/bin/sh', ...settings, run, ''].join('\n'));
  await chmod(join(bin, 'az'), 0o755);
  await writeFile(join(dir, 'env'), `export PATH=${quoted(bin)}:"$PATH"\n`);
  return `. ${quoted(join(dir, 'env'))}`;
}

async function realAz(wrapper: string): Promise<string | undefined> {
  for (const folder of (process.env.PATH ?? '').split(':').filter((folder) => folder && folder !== wrapper)) {
    const file = join(folder, 'az');
    const found = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (found) return file;
  }
  return undefined;
}

const quoted = (text: string) =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
