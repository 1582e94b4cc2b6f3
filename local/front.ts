/**
 * az for a Plinth that is deployed: a front on this machine that sends tasks and runs to it, and everything else to
 * Azure.
 *   PLINTH_FUNCTION_KEY=… npm run front -- https://my-plinth.azurewebsites.net
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { startDeployedFront } from './az/deployed.ts';
import { makeTls } from './machine/tls.ts';

const port = 7443;
const [url] = process.argv.slice(2);
const functionKey = process.env.PLINTH_FUNCTION_KEY;
if (!url || !URL.canParse(url) || !functionKey) {
  console.error(
    'Which Plinth? PLINTH_FUNCTION_KEY=… npm run front -- https://my-plinth.azurewebsites.net (a function key of the app: az functionapp keys list)',
  );
  process.exit(2);
}

const dir = join(homedir(), '.plinth', 'front');
const config = join(dir, 'az');
await mkdir(config, { recursive: true, mode: 0o700 });
const tls = await makeTls(join(dir, 'tls'));
// az reads its authorities from one file: the public ones, and the one of this machine.
const bundle = join(dir, 'ca-bundle.pem');
await writeFile(bundle, [...rootCertificates, tls.ca].join('\n'));
const front = await startDeployedFront({
  ...{ tls, port, arm: 'https://management.azure.com' },
  plinth: { url, functionKey },
});

console.log(`${url} is behind ${front.origin}. In another terminal:

  export AZURE_CONFIG_DIR=${config} REQUESTS_CA_BUNDLE=${bundle}
  az cloud register --name Plinth --endpoint-resource-manager ${front.origin} \\
    --endpoint-management https://management.core.windows.net/ \\
    --endpoint-active-directory https://login.microsoftonline.com \\
    --endpoint-active-directory-resource-id https://management.core.windows.net/ \\
    --endpoint-active-directory-graph-resource-id https://graph.windows.net/ \\
    --endpoint-microsoft-graph-resource-id https://graph.microsoft.com/ \\
    --suffix-storage-endpoint core.windows.net --suffix-keyvault-dns .vault.azure.net \\
    --suffix-acr-login-server-endpoint .azurecr.io
  az cloud set --name Plinth && az login

The first time; afterwards the first line is enough. Ctrl-C stops the front.`);
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, async () => {
    await front.stop();
    process.exit(0);
  });
