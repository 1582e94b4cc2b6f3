import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { createEntra, type Entra } from '../../../local/identity/entra.ts';
import { type IdentityEndpoint, startIdentityEndpoint } from '../../../local/identity/identityEndpoint.ts';
import { identity, tenantId } from './registries.ts';

const [system, assigned, developer] = ['system', 'assigned', 'developer'].map(identity);
const resource = 'https://management.azure.com/';

/** Of a token or of a refusal. */
type Answer = Record<'access_token' | 'expires_in' | 'expires_on' | 'message' | 'correlationId', string> & {
  statusCode: number;
  resource: string;
  token_type: string;
};
interface World {
  entra: Entra;
  endpoint: IdentityEndpoint;
}
const test = suite<World>('the managed identity endpoint');

test.before(async (world) => {
  world.entra = createEntra(tenantId);
  world.endpoint = await startIdentityEndpoint({
    entra: world.entra,
    systemAssigned: system!,
    userAssigned: [{ ...assigned!, resourceId: '/subscriptions/s/ids/assigned' }],
    cli: developer!,
  });
});
test.after(({ endpoint }) => endpoint.stop());

const asked: Array<[title: string, query: Record<string, string>, principalId: string]> = [
  ['who names nobody', {}, system!.principalId],
  [
    'who names a client id, in any case',
    { client_id: assigned!.clientId.toUpperCase() },
    assigned!.principalId,
  ],
  ['who names a principal id', { principal_id: assigned!.principalId }, assigned!.principalId],
  ['who names a resource id', { mi_res_id: '/subscriptions/s/ids/assigned' }, assigned!.principalId],
];
for (const [title, query, principalId] of asked)
  test(`answers App Service's form, to one ${title}, for ${principalId}`, async ({ entra, endpoint }) => {
    const { IDENTITY_ENDPOINT, IDENTITY_HEADER } = endpoint.environment;
    const url = `${IDENTITY_ENDPOINT}?${new URLSearchParams({ 'api-version': '2019-08-01', resource, ...query })}`;
    const response = await fetch(url, { headers: { 'x-identity-header': IDENTITY_HEADER } });
    const body = (await response.json()) as Answer;
    assert.equal((await entra.verify(body.access_token, [resource]))?.oid, principalId);
    assert.deepEqual([body.resource, body.token_type], [resource, 'Bearer']);
    assert.ok(Number(body.expires_on) > Date.now() / 1000);
  });

const refused: Array<
  [title: string, query: Record<string, string>, header: string | undefined, status: number]
> = [
  ['without the header', { 'api-version': '2019-08-01', resource }, undefined, 401],
  ['with a wrong header', { 'api-version': '2019-08-01', resource }, 'guess', 401],
  [
    'for a client id that is not assigned',
    { 'api-version': '2019-08-01', resource, client_id: 'x' },
    'right',
    400,
  ],
  ['that names no resource', { 'api-version': '2019-08-01' }, 'right', 400],
  ['of another api-version', { 'api-version': '2017-09-01', resource }, 'right', 400],
];
for (const [title, query, header, status] of refused)
  test(`refuses a request ${title} with ${status}`, async ({ endpoint }) => {
    const { IDENTITY_ENDPOINT, IDENTITY_HEADER } = endpoint.environment;
    const response = await fetch(`${IDENTITY_ENDPOINT}?${new URLSearchParams(query)}`, {
      headers: header ? { 'x-identity-header': header === 'right' ? IDENTITY_HEADER : header } : {},
    });
    const body = (await response.json()) as Answer;
    assert.deepEqual([response.status, body.statusCode], [status, status]);
    assert.ok(body.message && body.correlationId && !body.access_token);
  });

test('answers the form that az posts, for whom az is signed in as', async ({ entra, endpoint }) => {
  const response = await fetch(endpoint.cliEnvironment.MSI_ENDPOINT, {
    method: 'POST',
    headers: { Metadata: 'true' },
    body: new URLSearchParams({ resource }),
  });
  const body = (await response.json()) as Answer;
  const claims = await entra.verify(body.access_token, [resource]);
  assert.deepEqual([claims?.oid, claims?.tid], [developer!.principalId, tenantId]);
  assert.match(body.expires_in, /^\d+$/);
});

const forms: [how: string, ask: (endpoint: IdentityEndpoint) => Promise<Response>][] = [
  [
    'App Service’s, with the header that az is given',
    ({ cliEnvironment: { IDENTITY_ENDPOINT, IDENTITY_HEADER } }) =>
      fetch(`${IDENTITY_ENDPOINT}?${new URLSearchParams({ 'api-version': '2019-08-01', resource })}`, {
        headers: { 'x-identity-header': IDENTITY_HEADER, metadata: 'true' },
      }),
  ],
  ['a virtual machine’s', (endpoint) => metadata(endpoint, { 'api-version': '2018-02-01', resource })],
];
const metadata = (
  { cliEnvironment }: IdentityEndpoint,
  query: Record<string, string>,
  headers: Record<string, string> = { metadata: 'true' },
) =>
  fetch(
    `${cliEnvironment.AZURE_POD_IDENTITY_AUTHORITY_HOST}/metadata/identity/oauth2/token?${new URLSearchParams(query)}`,
    { headers },
  );
for (const [how, ask] of forms)
  test(`answers whom az is signed in as in the form of ${how}`, async ({ entra, endpoint }) => {
    const body = (await (await ask(endpoint)).json()) as Answer;
    assert.equal((await entra.verify(body.access_token, [resource]))?.oid, developer!.principalId);
  });

const badMetadata: [what: string, query: Record<string, string>, headers: Record<string, string>][] = [
  ['the header Metadata', { 'api-version': '2018-02-01', resource }, {}],
  ['an api-version', { resource }, { metadata: 'true' }],
  ['a resource', { 'api-version': '2018-02-01' }, { metadata: 'true' }],
];
for (const [what, query, headers] of badMetadata)
  test(`refuses a virtual machine’s form without ${what}`, async ({ endpoint }) => {
    const response = await metadata(endpoint, query, headers);
    assert.equal(response.status, 400);
    assert.ok(!(await response.text()).includes('access_token'));
  });

test.run();
