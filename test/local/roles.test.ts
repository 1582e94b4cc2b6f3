import assert from 'node:assert/strict';
import { test } from 'uvu';
import type { Action } from '../../local/identity/roleDefinitions.ts';
import { createRoles } from '../../local/identity/roles.ts';

const subscription = '/subscriptions/11111111-1111-1111-1111-111111111111';
const group = `${subscription}/resourceGroups/localrg`;
const registries = `${group}/providers/Microsoft.ContainerRegistry/registries`;
const base = `${registries}/baseacr`;

const tasks: Action[] = [
  'readRegistry',
  'readTasks',
  'readRuns',
  'writeTasks',
  'listTaskDetails',
  'scheduleRun',
  'changeRuns',
  'readTaskRuns',
  'writeTaskRuns',
];
const images: Action[] = ['pull', 'push', 'delete', 'catalog'];
const data: Action[] = ['blobData', 'queueData', 'tableData'];
const every: Action[] = [...images, ...tasks, ...data, 'assignRoles'];

const byRole: Array<[role: string, may: Action[]]> = [
  ['AcrPull', ['pull', 'catalog']],
  ['AcrPush', ['pull', 'push', 'catalog']],
  ['AcrDelete', ['delete']],
  ['Container Registry Repository Reader', ['pull']],
  ['Container Registry Repository Writer', ['pull', 'push']],
  ['Container Registry Repository Catalog Lister', ['catalog']],
  ['Container Registry Tasks Contributor', tasks],
  ['Reader', ['pull', 'catalog', 'readRegistry', 'readTasks', 'readRuns', 'readTaskRuns']],
  ['Contributor', [...images, ...tasks]],
  ['Storage Blob Data Owner', ['blobData']],
  ['Storage Queue Data Contributor', ['queueData']],
  ['Storage Table Data Contributor', ['tableData']],
  ['Owner', [...images, ...tasks, 'assignRoles']],
];
for (const [role, may] of byRole)
  test(`${role} may ${may.join(', ')} and nothing else`, () => {
    const roles = createRoles();
    roles.assign({ scope: base, principalId: 'p1', role });
    assert.deepEqual(
      every.filter((action) => roles.allows('p1', base, action)),
      every.filter((action) => may.includes(action)),
    );
  });

const byName: Array<[title: string, role: string]> = [
  ['its name as the CLI types it', 'acrpull'],
  ['its GUID', '7F951DDA-4ED3-4680-A7CA-43FE172D538D'],
  [
    "its definition's ARM id",
    `${subscription}/providers/Microsoft.Authorization/roleDefinitions/7f951dda-4ed3-4680-a7ca-43fe172d538d`,
  ],
];
for (const [title, role] of byName)
  test(`a role is known by ${title}`, () => {
    assert.equal(createRoles().assign({ scope: base, principalId: 'p1', role }).role, 'AcrPull');
  });

const byScope: Array<[title: string, scope: string, principalId: string, allowed: boolean]> = [
  ['the registry itself', base, 'p1', true],
  ['its resource group', group, 'p1', true],
  ['its subscription', subscription, 'p1', true],
  ['the same registry in other case, with a slash', `${base.toUpperCase()}/`, 'p1', true],
  ['another registry', `${registries}/appacr`, 'p1', false],
  ['a registry whose name begins alike', `${registries}/base`, 'p1', false],
  ['something inside the registry', `${base}/tasks/t1`, 'p1', false],
  ['the registry, for someone else', base, 'p2', false],
];
for (const [title, scope, principalId, allowed] of byScope)
  test(`a role in ${title} ${allowed ? 'counts' : 'does not count'} for the registry`, () => {
    const roles = createRoles();
    roles.assign({ scope, principalId, role: 'AcrPull' });
    assert.equal(roles.allows('p1', base, 'pull'), allowed);
  });

test('a role taken away allows nothing any more', () => {
  const roles = createRoles();
  const { id } = roles.assign({ scope: base, principalId: 'p1', role: 'AcrPull' });
  assert.equal(roles.remove(id), true);
  assert.equal(roles.remove(id), false);
  assert.equal(roles.allows('p1', base, 'pull'), false);
});

test('the same role given twice is one assignment', () => {
  const roles = createRoles();
  const first = roles.assign({ scope: base, principalId: 'p1', role: 'AcrPull' });
  assert.equal(roles.assign({ scope: `${base}/`, principalId: 'P1', role: 'acrpull' }), first);
  assert.equal(roles.list().length, 1);
});

test('the assignments of a registry are its own and those it inherits', () => {
  const roles = createRoles();
  for (const scope of [base, group, `${registries}/appacr`])
    roles.assign({ scope, principalId: 'p1', role: 'AcrPull' });
  assert.deepEqual(
    roles.list(base).map(({ scope }) => scope),
    [base, group],
  );
});

test('a role that Azure does not have is refused, and the ones to choose from are named', () => {
  assert.throws(
    () => createRoles().assign({ scope: base, principalId: 'p1', role: 'AcrAdmin' }),
    /Unknown role AcrAdmin.*AcrPull/,
  );
});

test.run();
