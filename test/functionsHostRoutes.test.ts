import assert from 'node:assert/strict';
import { test } from 'uvu';
import { type Door, type HostKeys, opens, presentedKey } from '../local/functionsHost/httpKeys.ts';
import { compileRoute } from '../local/functionsHost/httpRoutes.ts';

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
  ['runs/{id?}', '/runs', {}],
  ['runs/{id?}', '/runs/ca1', { id: 'ca1' }],
  ['runs/{id=last}', '/runs', { id: 'last' }],
  ['{a}/{b?}/{c?}', '/1/2', { a: '1', b: '2' }],
  ['files/{*rest}', '/files/a/b/c', { rest: 'a/b/c' }],
  ['files/{*rest}', '/files', {}],
  ['files/{**rest}', '/files/a', { rest: 'a' }],
  ['runs/{id}', '/runs/a%20b', { id: 'a b' }],
  ['runs/{id}', '/runs/a%2Fb', { id: 'a%2Fb' }],
  ['runs/{id}', '/runs/100%', { id: '100%' }],
  ['runs/{id:int}', '/runs/12', { id: '12' }],
  ['runs/{id:int}', '/runs/twelve', undefined],
  ['runs/{id:int}', '/runs/99999999999', undefined],
  ['runs/{id:long}', '/runs/99999999999', { id: '99999999999' }],
  ['runs/{id:int:min(10)}', '/runs/9', undefined],
  ['runs/{id:int:min(10):max(20)?}', '/runs/20', { id: '20' }],
  ['runs/{id:range(1,5)}', '/runs/6', undefined],
  ['runs/{id:length(3)}', '/runs/ca12', undefined],
  ['runs/{id:length(2,4)}', '/runs/ca12', { id: 'ca12' }],
  ['runs/{id:guid}', `/runs/${guid}`, { id: guid }],
  ['runs/{id:alpha}', '/runs/a1', undefined],
  ['runs/{id:bool}', '/runs/True', { id: 'True' }],
  ['runs/{id:regex(^c[a-z]\\d+$)}', '/runs/ca12', { id: 'ca12' }],
  ['runs/{id:regex(^\\d{{3}}$)}', '/runs/1234', undefined],
  ['v{major}.{minor}/x', '/v1.20/x', { major: '1', minor: '20' }],
  ['{name}.json', '/a.b.json', { name: 'a.b' }],
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

for (const [template, why] of [
  ['runs/{id:integer}', /'integer' is not one of/],
  ['runs/{id?}/log', /must be optional too/],
  ['files/{*rest}/x', /must come last/],
  ['runs/{id', /braces/],
] as const)
  test(`'${template}' is refused`, () => {
    assert.throws(() => compileRoute(template), why);
  });

const keys: HostKeys = { master: 'm', function: 'f', eventgrid: 'e', functions: { tasks: 't' } };
const door = (authLevel: string, functionName = 'tasks'): Door => ({ authLevel, functionName });
const doors: Array<[title: string, door: Door, opening: string]> = [
  ['an anonymous function', door('anonymous'), 'm f e t - '],
  ['a function', door('function'), 'm f t'],
  ['another function', door('function', 'runs'), 'm f'],
  ['a function for administrators', door('admin'), 'm'],
  ['a function of an unknown level', door('user'), 'm'],
  ['the admin API', 'admin', 'm'],
  ['the Event Grid webhook', 'eventgrid', 'm e'],
];
for (const [title, at, opening] of doors)
  test(`${title} opens to ${opening}`, () => {
    const given = ['m', 'f', 'e', 't', '-', ''].filter((key) => opens(at, key, keys));
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
