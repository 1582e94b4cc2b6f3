import assert from 'node:assert/strict';
import { test } from 'uvu';
import { operations, type Role } from '../../shared/api/operations.ts';
import { allowed, refuseForeign } from '../../shared/edge/access.ts';
import { Refusal } from '../../shared/flow/refusal.ts';

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64');
const principal = (...claims: [typ: string, val: unknown][]) =>
  encode({
    auth_typ: 'aad',
    name_typ: 'name',
    role_typ: 'roles',
    claims: claims.map(([typ, val]) => ({ typ, val })),
  });
const long = 'http://schemas.microsoft.com/ws/2008/06/identity/claims/role';
/** What an app's own token says of it; nobody is signed in. */
const appOnly: [string, string][] = [
  ['idtyp', 'app'],
  ['appid', '4711'],
  ['oid', '4712'],
];

const cases: [title: string, header: string | null, role: Role, status: number | undefined][] = [
  ['no header', null, 'Tasks.Read', 401],
  ['an empty header', '', 'Tasks.Read', 401],
  ['a header that is no base64', '%%%', 'Tasks.Read', 401],
  ['base64 of no JSON', Buffer.from('Tasks.Read').toString('base64'), 'Tasks.Read', 401],
  ['null', encode(null), 'Tasks.Read', 401],
  ['a string', encode('Tasks.Read'), 'Tasks.Read', 401],
  ['no claims', encode({ auth_typ: 'aad' }), 'Tasks.Read', 401],
  ['claims that are no list', encode({ claims: { typ: 'roles', val: 'Tasks.Read' } }), 'Tasks.Read', 401],
  ['claims of nothing', encode({ claims: [null, 7, 'roles', {}] }), 'Tasks.Read', 403],
  ['a role that is no text', principal(['roles', ['Tasks.Read']]), 'Tasks.Read', 403],
  ['nobody’s role', principal(['name', 'Ada']), 'Tasks.Read', 403],
  ['another role', principal(['roles', 'Tasks.Write']), 'Tasks.Read', 403],
  ['a role in other letters', principal(['roles', 'tasks.read']), 'Tasks.Read', 403],
  ['the role under another claim', principal(['groups', 'Tasks.Read']), 'Tasks.Read', 403],
  ['a delegated scope of that name', principal(['scp', 'Tasks.Read']), 'Tasks.Read', 403],
  ['the role', principal(['roles', 'Tasks.Read']), 'Tasks.Read', undefined],
  [
    'one of several roles',
    principal(['roles', 'Tasks.Read'], ['roles', 'Tasks.Write']),
    'Tasks.Write',
    undefined,
  ],
  ['the role under the claim’s long name', principal([long, 'Tasks.Write']), 'Tasks.Write', undefined],
  ['an app without a role', principal(...appOnly), 'Tasks.Read', 403],
  ['an app with the role', principal(...appOnly, ['roles', 'Tasks.Write']), 'Tasks.Write', undefined],
  ['to write is not to see secrets', principal(['roles', 'Tasks.Write']), 'Tasks.ReadSecrets', 403],
];
for (const [title, header, role, status] of cases)
  test(`${status ?? 'may'}: ${title}`, () => {
    if (status === undefined) return void allowed(header, role);
    assert.throws(
      () => allowed(header, role),
      (error) => error instanceof Refusal && error.status === status,
    );
  });

test('a refusal names the role that is missing', () => {
  assert.throws(() => allowed(principal(), 'Tasks.ReadSecrets'), /Tasks\.ReadSecrets/);
});

const sent: [method: string, site: string | null, isRefused: boolean][] = [
  ['GET', 'cross-site', false],
  ['POST', null, false],
  ['POST', 'same-origin', false],
  ['POST', 'same-site', true],
  ['POST', 'cross-site', true],
  ['PUT', 'cross-site', true],
  ['PATCH', 'none', true],
  ['DELETE', 'cross-site', true],
];
for (const [method, site, isRefused] of sent)
  test(`${isRefused ? 'refuses' : 'lets in'} ${method} with sec-fetch-site ${site}`, () => {
    const send = () => refuseForeign(method, site);
    if (isRefused) assert.throws(send, (error) => error instanceof Refusal && error.status === 403);
    else send();
  });

test('what changes anything needs to write, and secrets have a role of their own', () => {
  const read = new Set(['GET', 'HEAD']);
  for (const operation of Object.values(operations)) {
    const { name, method, role } = operation as { name: string; method: string; role: Role };
    if (read.has(method)) assert.equal(role, 'Tasks.Read', name);
  }
  assert.equal(operations.tasksListDetails.role, 'Tasks.ReadSecrets');
  for (const name of [
    'scheduleRun',
    'tasksCreate',
    'tasksUpdate',
    'tasksDelete',
    'runsCancel',
    'runsUpdate',
    'uploadUrl',
  ] as const)
    assert.equal(operations[name].role, 'Tasks.Write', name);
});

test.run();
