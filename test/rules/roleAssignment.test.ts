import assert from 'node:assert/strict';
import { test } from 'uvu';
import { assignRole, principalOf } from '../../shared/rules/roleAssignment.ts';

const oid = '0f1e2d3c-4b5a-6978-8695-a4b3c2d1e0ff';
const tokenOf = (claims: unknown) =>
  ['{}', JSON.stringify(claims), 'signature']
    .map((part) => Buffer.from(part).toString('base64url'))
    .join('.');

const tokens: [title: string, token: string, principal: string | undefined][] = [
  ['of an identity', tokenOf({ oid }), oid],
  ['with capitals', tokenOf({ oid: oid.toUpperCase() }), oid.toUpperCase()],
  ['without an object id', tokenOf({ sub: 'x' }), undefined],
  ['whose object id is a number', tokenOf({ oid: 7 }), undefined],
  ['whose object id is in a list', tokenOf({ oid: [oid] }), undefined],
  ['whose object id is none', tokenOf({ oid: 'x' }), undefined],
  ['whose object id begins with something else', tokenOf({ oid: `--role Owner ${oid}` }), undefined],
  ['whose object id goes on', tokenOf({ oid: `${oid} --role Owner` }), undefined],
  ['whose object id lacks a part', tokenOf({ oid: oid.replace('-4b5a', '') }), undefined],
  [
    'whose object id has a part that is too long',
    tokenOf({ oid: oid.replace('-4b5a', '-4b5a0') }),
    undefined,
  ],
  ['whose object id has other letters', tokenOf({ oid: oid.replaceAll('f', 'g') }), undefined],
  ['without claims', tokenOf(null), undefined],
  ['of one part', 'secret', undefined],
  ['of parts that are no JSON', 'a.b.c', undefined],
];
for (const [title, token, principal] of tokens)
  test(`a token ${title} is ${principal ? "its principal's" : "nobody's"}`, () =>
    assert.equal(principalOf(token), principal));

test('the command that gives a role is whole', () =>
  assert.equal(
    assignRole({ principalId: oid, role: 'AcrPull', scope: '/subscriptions/s' }),
    `az role assignment create --assignee-object-id ${oid} --assignee-principal-type ServicePrincipal --role "AcrPull" --scope "/subscriptions/s"`,
  ));

test.run();
