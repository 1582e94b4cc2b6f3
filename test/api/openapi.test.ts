import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import { applyPatch } from '../../shared/api/applyPatch.ts';
import { openapi } from '../../shared/api/openapi.ts';
import { type Operation, operations } from '../../shared/api/operations.ts';
import { TaskUpdate } from '../../shared/api/schemas.ts';
import { toRunResource, toTaskResource } from '../../shared/api/toResource.ts';
import { Run, RunRequest } from '../../shared/model/run.ts';
import { Task, TaskCreate } from '../../shared/model/task.ts';
import { armSchema, examples, openapiSchema } from '../doubles/armSchemas.ts';

const document = openapi() as any;
const component = (name: string) => openapiSchema(document, `/components/schemas/${name}`);
const requestOf = (operationId: string) => {
  const [path, methods] = Object.entries<any>(document.paths).find(([, methods]) =>
    Object.values<any>(methods).some((operation) => operation.operationId === operationId),
  )!;
  const [method] = Object.entries<any>(methods).find(
    ([, operation]) => operation.operationId === operationId,
  )!;
  const escaped = path
    .replaceAll('~', '~0')
    .replaceAll('/', '~1')
    .replaceAll('{', '%7B')
    .replaceAll('}', '%7D');
  return openapiSchema(document, `/paths/${escaped}/${method}/requestBody/content/application~1json/schema`);
};
const registryId =
  '/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries/contoso';

test('docs/openapi.json is what the schemas say now; npm run openapi writes it anew', () => {
  const kept = JSON.parse(readFileSync(join(import.meta.dirname, '../../docs/openapi.json'), 'utf8'));
  assert.deepEqual(kept, JSON.parse(JSON.stringify(document)));
});

test('every operation is described where it answers, and every reference leads somewhere', () => {
  const ids = Object.values<any>(document.paths).flatMap((methods) =>
    Object.values<any>(methods).flatMap(({ operationId }) => operationId ?? []),
  );
  const names = Object.values<Operation>(operations).flatMap(({ name, scope }) =>
    scope === 'app' ? [name] : [name, `${name}-short`],
  );
  assert.deepEqual(ids.sort(), names.sort());
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)];
  for (const [, name] of references) assert.ok(document.components.schemas[name!], name);
});

test('docs/http-api.md names every operation', () => {
  const page = readFileSync(join(import.meta.dirname, '../../docs/http-api.md'), 'utf8');
  const named = [...page.matchAll(/`(GET|PUT|PATCH|POST|DELETE) \/([^`?]*)/g)].map(
    ([, method, path]) => `${method} ${path}`,
  );
  for (const { method, path } of Object.values(operations))
    assert.ok(named.includes(`${method} ${path}`), `${method} /${path}`);
});

test('both kinds of schema find what is wrong', () => {
  assert.equal(armSchema('TaskProperties')({ timeout: 5, status: 'On' }).length > 1, true);
  assert.equal(component('Task')({ properties: { step: {} } }).length > 1, true);
});

for (const { name, request } of examples('RegistriesScheduleRun'))
  test(`the official ${name} is accepted`, () => {
    assert.ok(RunRequest.safeParse(request).success, JSON.stringify(RunRequest.safeParse(request).error));
    if (request.taskName === undefined) assert.deepEqual(requestOf('registries-schedule-run')(request), []);
  });

for (const { name, request, answers } of examples('TasksCreate'))
  test(`the official ${name} is accepted, and answered with what Azure answers`, () => {
    assert.deepEqual(component('Task')(request), []);
    const given = answers['200'];
    const { properties } = given;
    const task = Task.parse({
      ...request,
      registry: 'contoso',
      name: given.name,
      creationDate: properties.creationDate,
    });
    const app = { principalId: given.identity.principalId, tenantId: given.identity.tenantId };
    const ours = toTaskResource(task, undefined, { id: registryId, app }) as any;
    assert.deepEqual(armSchema('TaskProperties')(ours.properties), []);
    assert.deepEqual(component('TaskResource')(ours), []);
    // Ours hold more: defaults that Azure's example leaves out.
    assert.deepEqual(holding(ours, { ...given, id: ours.id }), []);
  });

test('the official TasksUpdate changes the task of the official TasksCreate', () => {
  const [update] = examples('TasksUpdate');
  const [create] = examples('TasksCreate');
  assert.deepEqual(component('TaskUpdateParameters')(update!.request), []);
  const patch = TaskUpdate.parse(update!.request);
  const merged = TaskCreate.parse(applyPatch(create!.request, patch as never));
  assert.equal(merged.properties.agentConfiguration?.cpu, 3);
  assert.deepEqual(Object.keys(merged.properties.credentials?.customRegistries ?? {}).length > 0, true);
  assert.deepEqual(armSchema('TaskProperties')(merged.properties), []);
});

for (const { name, answers } of [...examples('RunsGet.'), ...examples('RunsList')])
  test(`a run is answered in the shape of the official ${name}`, () => {
    const given = answers['200'].value?.[0] ?? answers['200'];
    const ours = toRunResource(Run.parse(runOf(given.properties)), registryId) as any;
    assert.deepEqual(component('RunResource')(ours), []);
    const { id, ...rest } = given;
    // What Azure answers today is QuickRun for all that a person starts, and AutoRun.
    rest.properties.runType = ours.properties.runType;
    assert.match(id, new RegExp(`/runs/${given.name}$`));
    assert.deepEqual(holding(ours, rest), []);
  });

/** What a run's row would hold, for ARM to give these properties. */
function runOf({ provisioningState: _, agentConfiguration, ...properties }: any) {
  return { registry: 'contoso', timeout: 3600, cpu: agentConfiguration?.cpu, ...properties };
}

/** The examples write instants otherwise than the service answers them. */
const sameSecond = (...instants: unknown[]) => {
  const [one, other] = instants.map(
    (text) => /^(\d{4}-\d\d-\d\dT[\d:]{8})[.\d]*(Z|\+00:00)$/.exec(`${text}`)?.[1],
  );
  return one !== undefined && one === other;
};

/** Where a value does not hold what another one does. */
function holding(ours: any, theirs: any, path = ''): string[] {
  if (typeof theirs !== 'object' || theirs === null)
    return ours === theirs || sameSecond(ours, theirs) ? [] : [`${path}: ${ours}, not ${theirs}`];
  return Object.entries(theirs).flatMap(([key, value]) => holding(ours?.[key], value, `${path}/${key}`));
}

test.run();
