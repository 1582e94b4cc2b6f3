import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import { type BicepFile, Expression, objectsIn, parse } from './bicep.ts';
import { events, files, group, infra, main, ofType, root, text } from './infraFiles.ts';

test('every file parses', () => {
  assert.deepEqual(
    files.filter(({ hasError }) => hasError).map(({ path }) => path),
    [],
  );
  assert.ok(files.length > 10, `${files.length} files`);
});

test('every parameter says what it is for, and Required means that it has no default', () => {
  for (const { path, parameters, types } of files)
    for (const { symbol, decorators, type, default: value } of [
      ...parameters,
      ...Object.values(types).flat(),
    ]) {
      const words = String(decorators.description?.[0] ?? '');
      const optional = value !== undefined || type.endsWith('?');
      assert.match(words, optional ? /^(Optional|Conditional)\. \S/ : /^Required\. \S/, `${path}: ${symbol}`);
    }
});

test('every output says what it is', () => {
  for (const { path, outputs } of files)
    for (const { symbol, decorators } of outputs) assert.ok(decorators.description, `${path}: ${symbol}`);
});

test('the texts stay in the part of Bicep that these tests can read, and load nothing from afar', () => {
  for (const { path, text } of files) {
    assert.doesNotMatch(
      text,
      /^\s*(import(?! \{ \w+ \} from '\w+\.bicep'$)|extension|using|assert)\b|resourceInput<|\.\.\.\w|\w!\./m,
      path,
    );
    assert.doesNotMatch(text, /'(br|ts)[:/]/, path);
  }
});

test('modules are given each parameter that they require, and none that they do not have', () => {
  for (const file of files)
    for (const { symbol, path, body } of file.modules) {
      const module = infra.get(join(file.path, '..', path));
      assert.ok(module, `${file.path}: ${symbol}: no file ${path}`);
      const given = Object.keys(body.params as object);
      const known = module.parameters.map((parameter) => parameter.symbol);
      const required = module.parameters.filter((parameter) => parameter.default === undefined);
      for (const name of given)
        assert.ok(known.includes(name), `${file.path}: ${symbol}: ${name} is unknown`);
      for (const parameter of required)
        assert.ok(
          given.includes(parameter.symbol),
          `${file.path}: ${symbol}: ${parameter.symbol} is missing`,
        );
    }
});

test('a deployment to a resource group takes what one to the subscription takes, but for the group’s name', () => {
  const { params } = main.modules.find(({ symbol }) => symbol === 'plinth')!.body;
  for (const [name, value] of Object.entries(params as object)) assert.equal(value.text, name);
  const shape = (parameters: typeof main.parameters) =>
    parameters.map(({ symbol, type, decorators, default: value }) => ({
      ...{ symbol, type, value: String(value instanceof Expression ? value.text : value) },
      decorators: JSON.stringify(decorators),
    }));
  const ofMain = main.parameters.filter(({ symbol }) => symbol !== 'resourceGroupName');
  assert.deepEqual(shape(ofMain), shape(group.parameters));
  assert.deepEqual(
    main.outputs.map(({ symbol, decorators }) => [symbol, decorators.description]),
    group.outputs.map(({ symbol, decorators }) => [symbol, decorators.description]),
  );
  assert.deepEqual(
    Object.keys(params as object),
    group.parameters.map(({ symbol }) => symbol),
  );
});

const laws: [title: string, breaks: (file: BicepFile) => unknown[], bad: string][] = [
  [
    'an object type takes no property that it does not know',
    ({ text }) => text.match(/(?<!@sealed\(\)\n)^type \w+ = \{/gm) ?? [],
    '@export()\ntype Registry = {\n  id: string\n}',
  ],
  [
    'a module has the name that the compiler gives it, which two environments on one registry do not share',
    ({ modules }) => modules.filter(({ body }) => 'name' in body).map(({ symbol }) => symbol),
    "module a 'a.bicep' = {\n  name: 'plinth'\n  params: {}\n}",
  ],
  [
    'the name of a role assignment is made of ids that Azure tells, not of what somebody typed',
    ({ text }) => text.match(/guid\([^)\n]*\b(registryId|environmentName|functionAppId)\b/g) ?? [],
    'var a = guid(registryId, topicPrincipalId)',
  ],
  [
    'the name of a role assignment holds whose it is: an identity that is made again gets one of its own',
    ({ resources }) =>
      resources
        .filter(({ type }) => type.startsWith('Microsoft.Authorization/roleAssignments@'))
        .filter(({ body }) => !/^guid\(.*\b\w*[pP]rincipalId\b/.test((body.name as Expression).text)),
    "resource a 'Microsoft.Authorization/roleAssignments@2022-04-01' = {\n  name: guid(account.id, roleName)\n}",
  ],
  [
    'a list of objects says what is in each',
    ({ parameters }) => parameters.filter(({ type }) => type === 'object[]'),
    'param registries object[]',
  ],
];
for (const [title, breaks, bad] of laws)
  test(title, () => {
    assert.equal(breaks(parse('x.bicep', bad)).length, 1, 'it finds what it is for');
    for (const file of files) assert.deepEqual(breaks(file), [], file.path);
  });

test('a fault is found: the rules above are not empty', () => {
  assert.equal(parse('x.bicep', "resource a 'T/a@1' = {").hasError, true);
  const { parameters } = parse('x.bicep', "@description('Required. A.')\nparam a string = 'b'");
  assert.equal(parameters[0]?.default, 'b');
  assert.equal(parameters[0]?.decorators.description?.[0], 'Required. A.');
});

test('azd’s parameters are those of the template, with the same defaults', () => {
  const given: Record<string, { value: string }> = JSON.parse(text('infra/main.parameters.json')).parameters;
  const known = new Map(main.parameters.map((parameter) => [parameter.symbol, parameter]));
  for (const [name, { value }] of Object.entries(given)) {
    const parameter = known.get(name);
    assert.ok(parameter, name);
    const [, fallback] = /^\$\{[A-Z_]+(?:=(.*))?\}$/.exec(value) ?? assert.fail(`${name}: ${value}`);
    // azd takes an object or a list as JSON, which has no place for a default.
    if (parameter.default === undefined || ['object', 'array'].includes(parameter.type))
      assert.equal(fallback, undefined, name);
    else assert.equal(fallback, String(parameter.default), name);
  }
  // The sealing key is made where there is none, and never passes through a file.
  const left = [...known.keys()].filter((name) => !(name in given));
  assert.deepEqual(left, ['sealingKey']);
});

test('azd finds the app, the package and the hooks, and the hooks what they need', () => {
  const yaml = text('azure.yaml');
  const service = /services:\n {2}(\w+):/.exec(yaml)![1];
  const { tags } = ofType('Microsoft.Web/sites')[0]!.resource.body;
  assert.deepEqual(objectsIn(tags!), [{ 'azd-service-name': service! }]);
  assert.match(yaml, /dist: dist\/package\n/);
  assert.match(text('infra/package.ts'), /join\(root, 'dist\/package'\)/);
  const scripts = [...yaml.matchAll(/run: (\S+)/g)].map(([, path]) => path!);
  assert.equal(scripts.length, 4);
  const byAzd = [
    'AZURE_SUBSCRIPTION_ID',
    'AZURE_ENV_NAME',
    'PLINTH_APPLY_EVENTS',
    'PLINTH_REGISTRIES',
    'PLINTH_RETRY_SECONDS',
    // The setting that refers to the vault.
    'PLINTH_SEALING_KEY',
  ];
  for (const path of scripts) {
    for (const [name] of text(path).matchAll(/\b(AZURE|PLINTH)_[A-Z_]+\b/g))
      assert.ok(
        byAzd.includes(name) || main.outputs.some(({ symbol }) => symbol === name),
        `${path}: ${name}`,
      );
    const given = path.includes('apply-events') ? events.parameters.map(({ symbol }) => symbol) : [];
    for (const name of given) assert.match(text(path), new RegExp(`\\b${name}\\s*=`), `${path}: ${name}`);
  }
  for (const script of readdirSync(join(root, 'infra/scripts')).filter((name) => name.endsWith('.sh')))
    assert.ok(statSync(join(root, 'infra/scripts', script)).mode & 0o100, `${script} is not executable`);
});

test('everything that can carry tags does', () => {
  const untagged =
    /(roleAssignments|roleDefinitions|blobServices|containers|tableServices|tables|queueServices|queues|secrets|config|basicPublishingCredentialsPolicies|eventSubscriptions)@/;
  for (const { path, resources } of files)
    for (const { symbol, type, existing, body } of resources)
      if (!existing && !untagged.test(type)) assert.ok(body.tags, `${path}: ${symbol}`);
});

test.run();
