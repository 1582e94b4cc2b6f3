import assert from 'node:assert/strict';
import { test } from 'uvu';
import { apiRoots, notServedAnswer } from '../../shared/api/notServed.ts';
import { operations } from '../../shared/api/operations.ts';
import { armPath, shortPath } from '../../shared/api/routes.ts';

const arm = '/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/appacr';
const short = '/registries/appacr';
const wrongMethods: [method: string, path: string, allow: string[]][] = [
  ['POST', `${short}/tasks`, ['GET']],
  ['DELETE', `${arm}/tasks`, ['GET']],
  ['POST', `${short}/tasks/build-app`, ['GET', 'PUT', 'PATCH', 'DELETE']],
  ['GET', `${arm}/scheduleRun`, ['POST']],
  ['PUT', `${arm.toUpperCase()}/SCHEDULERUN`, ['POST']],
  ['HEAD', `${short}/runs/ca1`, ['GET', 'PATCH']],
  ['DELETE', `${short}/runs/ca1/`, ['GET', 'PATCH']],
  ['GET', `${short}/runs/ca1/cancel`, ['POST']],
  ['PATCH', `${arm}/taskRuns/once`, ['GET', 'PUT', 'DELETE']],
  ['OPTIONS', short, ['GET']],
  ['POST', `${short}/tasks/with%2Fslash`, ['GET', 'PUT', 'PATCH', 'DELETE']],
];
for (const [method, path, allow] of wrongMethods)
  test(`${method} ${path} is answered with the methods that the path has`, () => {
    const answer = notServedAnswer(method, path);
    assert.deepEqual([answer.status, answer.code, answer.allow], [405, 'MethodNotAllowed', allow]);
    for (const name of [method, path, ...allow]) assert.ok(answer.message.includes(name), answer.message);
  });

const unknown: [method: string, path: string, says: RegExp][] = [
  ['GET', '/registries', /openapi\.json/],
  ['GET', '/subscriptions/s', /\/subscriptions\/s\./],
  ['GET', `${short}/task`, /Did you mean tasks\?/],
  ['GET', `${arm}/Runz/ca1`, /Did you mean runs\?/],
  ['POST', `${arm}/schedulerun/now`, /^(?!.*Did you mean)/],
  ['GET', `${short}/tasks/build-app/nothing`, /nothing/],
  ['GET', `${short}//tasks`, /openapi\.json/],
  ['GET', '/registries/a/b/c/d/e/f', /openapi\.json/],
  ['GET', `/subscriptions/s/resourceGroups/g/providers/MicrosoftxContainerRegistry/registries/a/tasks`, /./],
  ['GET', '/providers/Microsoft.ContainerRegistry/operations', /openapi\.json/],
  ['GET', `${short}/tasks`, /openapi\.json/],
];
for (const [method, path, says] of unknown)
  test(`${method} ${path}, where it comes to this, is answered with 404`, () => {
    const answer = notServedAnswer(method, path);
    assert.deepEqual([answer.status, answer.code, answer.allow], [404, 'NotFound', []]);
    assert.match(answer.message, says);
  });

for (const path of [`${arm}/agentPools`, `${short}/AGENTPOOLS/big`, `${short}/agentpools/big/x`])
  test(`${path} is answered with what to use in its place`, () => {
    const { status, message } = notServedAnswer('PUT', path);
    assert.deepEqual([status, /agentPoolName/.test(message)], [501, true]);
  });

test('every operation is below a path whose remains are answered', () => {
  for (const base of [armPath, shortPath]) assert.ok(apiRoots.includes(base.split('/')[0]!));
  assert.ok(Object.keys(operations).length > 20);
});

test('a path of 8,000 slashes is answered at once', () => {
  const before = performance.now();
  notServedAnswer('GET', `/registries${'/a'.repeat(4000)}`);
  notServedAnswer('GET', `/registries/a/${'b'.repeat(8000)}`);
  assert.ok(performance.now() - before < 200);
});

test.run();
