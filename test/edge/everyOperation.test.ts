import assert from 'node:assert/strict';
import { test } from 'uvu';
import { operations } from '../../shared/api/operations.ts';

// Before the functions are loaded: they are registered by it.
process.env.PLINTH_API_CLIENT_ID = '00000000-0000-0000-0000-000000000001';
const { createApiWorld } = await import('../doubles/apiWorld.ts');

const principal = (...roles: string[]) => ({
  'x-ms-client-principal': Buffer.from(
    JSON.stringify({ claims: roles.map((val) => ({ typ: 'roles', val })) }),
  ).toString('base64'),
});
const all = principal('Tasks.Read', 'Tasks.Write', 'Tasks.ReadSecrets', 'Bases.Judge');
const params = { task: 'app', run: 'ca1', push: 'p', taskRun: 'tr' };

for (const { name, method, role } of Object.values(operations)) {
  test(`${name} answers 401 without a sign-in and 403 without ${role}`, async () => {
    const { call } = createApiWorld();
    const others = ['Tasks.Read', 'Tasks.Write', 'Tasks.ReadSecrets', 'Bases.Judge'].filter(
      (one) => one !== role,
    );
    const cases: [headers: Record<string, string>, status: number][] = [
      [{}, 401],
      [{ 'x-ms-client-principal': 'no base64 of JSON' }, 401],
      [principal(), 403],
      [principal(...others), 403],
    ];
    for (const [headers, status] of cases) {
      const answer = await call(name, params, method === 'GET' ? undefined : {}, headers);
      assert.equal(answer.status, status);
      assert.doesNotMatch(JSON.stringify(answer.body), /appacr/, 'nothing is hinted at');
    }
  });

  if (method === 'GET') continue;
  test(`${name} is refused to a page of another origin, whoever is signed in`, async () => {
    const { call } = createApiWorld();
    for (const site of ['cross-site', 'same-site', 'none', 'x']) {
      const { status, body } = await call(name, params, {}, { ...all, 'sec-fetch-site': site });
      assert.deepEqual([status, body.error.code], [403, 'AuthorizationFailed'], site);
    }
    const own = await call(name, params, {}, { ...all, 'sec-fetch-site': 'same-origin' });
    assert.notEqual(own.status, 403);
  });
}

test.run();
