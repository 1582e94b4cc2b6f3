import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Finding, fault, note, works } from './finding.ts';

/** Versions of what a deployment is made with; undefined where it is not there. */
export interface Versions {
  node: string;
  az: string | undefined;
  azd: string | undefined;
  bicep: string | undefined;
}

/** The oldest that do: docs/deploy-azd.md; `@onlyIfNotExists` of main.bicep came with Bicep 0.38.3. */
export const oldest = { node: '20.11.0', az: '2.60.0', azd: '1.24.0', bicep: '0.38.3' };

const older = (one: string, other: string) =>
  one.localeCompare(other, 'en', { numeric: true, sensitivity: 'base' }) < 0;

/** azd brings its own Bicep, az does not: one way to deploy has to be whole. */
export function judgeTools({ node, az, azd, bicep }: Versions): Finding[] {
  const findings: Finding[] = [];
  const judge = (name: string, version: string, least: string, mend: string) =>
    findings.push(
      older(version, least) ? fault(name, `${version} is older than ${least}`, mend) : works(name, version),
    );
  judge('Node', node, oldest.node, 'https://nodejs.org/en/download');
  if (az) judge('Azure CLI', az, oldest.az, 'az upgrade');
  else findings.push(fault('Azure CLI', 'there is no az', 'https://aka.ms/azure-cli'));
  if (azd) judge('azd', azd, oldest.azd, 'https://aka.ms/azd');
  else findings.push(note('azd', 'it is not there (https://aka.ms/azd): deploy with az, docs/deploy-az.md'));
  if (azd) return findings;
  if (bicep) judge('Bicep of az', bicep, oldest.bicep, 'az bicep upgrade');
  else if (az) findings.push(fault('Bicep of az', 'it is not there', 'az bicep install'));
  return findings;
}

const run = promisify(execFile);

/** What a command printed; undefined where it failed or is not there. */
async function printed(command: string, ...args: string[]): Promise<string | undefined> {
  try {
    return (await run(command, args, { shell: process.platform === 'win32' })).stdout;
  } catch {
    return undefined;
  }
}

const versionIn = (text: string | undefined) => /\b(\d+\.\d+\.\d+)/.exec(text ?? '')?.[1];

export async function readVersions(): Promise<Versions> {
  const [az, azd, bicep] = await Promise.all([
    printed('az', 'version', '--output', 'json'),
    printed('azd', 'version'),
    printed('az', 'bicep', 'version', '--only-show-errors'),
  ]);
  return {
    node: process.versions.node,
    az: versionIn(/"azure-cli": "([^"]+)"/.exec(az ?? '')?.[1]),
    azd: versionIn(azd),
    bicep: versionIn(bicep),
  };
}

/** Whether azd, which signs in by itself, knows somebody; undefined where there is no azd. */
export async function azdIsSignedIn(): Promise<boolean | undefined> {
  const text = await printed('azd', 'auth', 'login', '--check-status', '--output', 'json');
  return text === undefined ? undefined : !/unauthenticated|not logged in/i.test(text);
}

/** A token of whoever is signed in to az, for an API of Entra's. */
export async function tokenFor(resource: string): Promise<string | undefined> {
  const text = await printed('az', 'account', 'get-access-token', '--resource', resource, '--output', 'json');
  return text && (JSON.parse(text) as { accessToken: string }).accessToken;
}

/** What azd keeps of the chosen environment; nothing where there is no azd or no environment. */
export const azdValues = () => printed('azd', 'env', 'get-values');

/** How az reaches ARM, and a token for it; undefined where nobody is signed in. */
export async function signIn(): Promise<
  { endpoint: string; token: string; subscriptionId: string } | undefined
> {
  const [cloud, token] = await Promise.all([
    printed('az', 'cloud', 'show', '--query', 'endpoints.resourceManager', '--output', 'tsv'),
    printed('az', 'account', 'get-access-token', '--output', 'json'),
  ]);
  if (!cloud || !token) return undefined;
  const { accessToken, subscription } = JSON.parse(token) as { accessToken: string; subscription: string };
  return { endpoint: cloud.trim(), token: accessToken, subscriptionId: subscription };
}
