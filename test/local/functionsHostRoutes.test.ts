import assert from 'node:assert/strict';
import { test } from 'uvu';
import { type Door, type HostKeys, opens, presentedKey } from '../../local/functionsHost/http/httpKeys.ts';
import { compileRoute } from '../../local/functionsHost/http/httpRoutes.ts';

const guid = '11111111-1111-1111-1111-111111111111';
const rows: Array<[template: string, path: string, values: Record<string, string> | undefined]> = [
  ['runs', '/runs', {}],
  ['runs', '/RUNS/', {}],
  ['runs', '/runs/ca1', undefined],
  ['', '/', {}],
  ['runs/{id}', '/runs/ca1', { id: 'ca1' }],
  ['runs/{id}', '/runs', undefined],
  ['runs/{id}', '/runs/', undefined],
  ['runs/{id}', '/runs//', undefined],
  ['files/{*rest}', '/files/a/b/c', { rest: 'a/b/c' }],
  ['files/{*rest}', '/files', {}],
  ['runs/{id}', '/runs/a%20b', { id: 'a b' }],
  ['runs/{id}', '/runs/a%2Fb', { id: 'a%2Fb' }],
  ['runs/{id}', '/runs/100%', { id: '100%' }],
  [
    'subscriptions/{s}/providers/Microsoft.ContainerRegistry/registries/{r}/{*rest}',
    `/subscriptions/${guid}/providers/microsoft.containerregistry/registries/appacr/tasks/t`,
    { s: guid, r: 'appacr', rest: 'tasks/t' },
  ],
];
for (const [template, path, values] of rows)
  test(`'${template}' ${values ? 'takes' : 'leaves'} ${path}`, () => {
    assert.deepEqual(compileRoute(template).match(path), values);
  });

for (const [template, segment] of [
  ['runs/{id:int}', '{id:int}'],
  ['runs/{id?}', '{id?}'],
  ['runs/{id=last}', '{id=last}'],
  ['{name}.json', '{name}.json'],
  ['v{major}.{minor}', 'v{major}.{minor}'],
  ['files/{**rest}', '{**rest}'],
  ['files/{*rest}/x', '{*rest}'],
  ['runs/{id', '{id'],
] as const)
  test(`'${template}', which no function has, is refused and not half served`, () => {
    assert.throws(() => compileRoute(template), new Error(refusal(template, segment)));
  });
const refusal = (template: string, segment: string) =>
  `Route '${template}': the local host serves words, {name}, and {*name} at the end, not '${segment}'`;

const keys: HostKeys = { master: 'm', function: 'f', eventgrid: 'e' };
const door = (authLevel: string): Door => ({ authLevel });
const doors: Array<[title: string, door: Door, opening: string]> = [
  ['an anonymous function', door('anonymous'), 'm f e - '],
  ['a function', door('function'), 'm f'],
  ['a function for administrators', door('admin'), 'm'],
  ['a function of an unknown level', door('user'), 'm'],
  ['the admin API', 'admin', 'm'],
  ['the Event Grid webhook', 'eventgrid', 'm e'],
];
for (const [title, at, opening] of doors)
  test(`${title} opens to ${opening}`, () => {
    const given = ['m', 'f', 'e', '-', ''].filter((key) => opens(at, key, keys));
    assert.deepEqual(given, opening.split(' '));
  });

test('an empty key opens nothing, even where a key is empty', () => {
  assert.equal(opens('admin', '', { ...keys, master: '' }), false);
});

test('the header is the key before the query is', () => {
  assert.equal(presentedKey('h', new URLSearchParams('code=q')), 'h');
  assert.equal(presentedKey(undefined, new URLSearchParams('code=q')), 'q');
  assert.equal(presentedKey(undefined, new URLSearchParams('')), '');
});

test.run();
