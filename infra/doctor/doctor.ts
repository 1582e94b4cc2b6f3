/**
 * Says what would stop a deployment, and after it, for each edge of what is deployed, whether it works; each fault with
 * the command that mends it. It changes nothing.
 *
 *   npm run doctor                what is deployed, or where nothing is, what would stop a deployment
 *   npm run doctor -- before      what would stop a deployment
 *
 * az must be signed in. What is meant is read as azd keeps it (`azd env get-values`) and from the environment, which
 * goes first: AZURE_ENV_NAME, AZURE_LOCATION, PLINTH_REGISTRIES and the other settings of docs/deploy-azd.md.
 */
import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import { Agent, EnvHttpProxyAgent, fetch } from 'undici';
import { asCommand } from '../scripts/asCommand.ts';
import { examineAfter, readParts } from './after/after.ts';
import { createAzure } from './azure.ts';
import { examineBefore, notSignedIn } from './before/before.ts';
import { type Finding, fault, linesOf, summaryOf, works } from './finding.ts';
import { azdIsSignedIn, azdValues, judgeTools, readVersions, signIn, tokenFor } from './tools.ts';
import { readAzdValues, readWanted } from './wanted.ts';

/** Proxies are those of az, authorities those of az and of Node. */
function dispatcher() {
  const files = [process.env.REQUESTS_CA_BUNDLE, process.env.NODE_EXTRA_CA_CERTS].filter((file) => file);
  const ca = [...rootCertificates, ...files.map((file) => readFileSync(file!, 'utf8'))];
  const options = { connect: { ca }, requestTls: { ca } };
  const hasProxy = process.env.HTTPS_PROXY ?? process.env.https_proxy;
  return hasProxy ? new EnvHttpProxyAgent(options) : new Agent(options);
}

function print(findings: Finding[]): Finding[] {
  for (const finding of findings) console.log(linesOf(finding).join('\n'));
  return findings;
}

/** @param before whether a deployment is looked at as if nothing of it were there */
async function examine(before: boolean): Promise<Finding[]> {
  const [account, azd] = await Promise.all([signIn(), azdValues()]);
  if (!account) return print([...judgeTools(await readVersions()), notSignedIn()]);
  const values = { ...readAzdValues(azd ?? ''), ...process.env };
  const { wanted, faults } = readWanted(values);
  const agent = dispatcher();
  const azure = createAzure({
    ...account,
    subscriptionId: values.AZURE_SUBSCRIPTION_ID || account.subscriptionId,
    fetch: (url, init) => fetch(url, { ...init, dispatcher: agent }),
  });
  const found = print([works('sign-in', `${azure.principal.name} (object id ${azure.principal.id})`)]);
  const parts = await readParts(azure, wanted.environment);
  if (Object.keys(parts).length > 0 && !before)
    return [...found, ...print(await examineAfter(azure, wanted, parts, tokenFor))];
  const [versions, azdKnows] = await Promise.all([readVersions(), azdIsSignedIn()]);
  const ofAzd = azdKnows === false ? [fault('sign-in of azd', 'nobody is signed in', 'azd auth login')] : [];
  const tools = print([...ofAzd, ...judgeTools(versions), ...faults]);
  return [...found, ...tools, ...print(await examineBefore(azure, wanted))];
}

await asCommand('The deployment could not be looked at', async () => {
  const found = await examine(process.argv[2] === 'before');
  console.log(`\n${summaryOf(found)}`);
  if (found.some(({ state }) => state === 'fault')) process.exitCode = 1;
});
