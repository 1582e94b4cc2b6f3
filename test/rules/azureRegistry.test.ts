import assert from 'node:assert/strict';
import { test } from 'uvu';
import { identityProblem, isAzureHost } from '../../shared/rules/azureRegistry.ts';

const hosts: [loginServer: string, isAzure: boolean][] = [
  ['appacr.azurecr.io', true],
  ['appacr.azurecr.cn', true],
  ['appacr.azurecr.us', true],
  ['AppAcr.azurecr.io:443', true],
  ['appacr-e4bxc2.azurecr.io', true],
  ['a.azurecr.io', true],
  ['appacr.westeurope.geo.azurecr.io', true],
  ['appacr.azurecr.de', false],
  ['appacr.azurecr.io.example.com', false],
  ['appacr.azurecr.io:5000', false],
  ['appacr.azurecr.io/x', false],
  ['user@appacr.azurecr.io', false],
  ['example.com/appacr.azurecr.io', false],
  ['-acr.azurecr.io', false],
  ['acr-.azurecr.io', false],
  ['app_acr.azurecr.io', false],
  ['.azurecr.io', false],
  ['azurecr.io', false],
  ['appacr-azurecr.io', false],
  ['appacrXazurecr.io', false],
  ['docker.io', false],
];
for (const [loginServer, isAzure] of hosts)
  test(`${loginServer} is ${isAzure ? 'a' : 'no'} registry of Azure`, () => {
    assert.equal(isAzureHost(loginServer), isAzure);
    const problem = identityProblem(loginServer, [{ loginServer: 'harbor.example.com' }]);
    if (isAzure) assert.equal(problem, undefined);
    else
      assert.match(
        problem!,
        new RegExp(`^${loginServer} is no registry of Azure .* no token of an identity`),
      );
  });

for (const [loginServer, may] of [
  ['harbor.example.com', true],
  ['Harbor.example.com:443', true],
  ['registry.example.com', true],
  ['other.example.com', false],
] as const)
  test(`${loginServer} ${may ? 'may' : 'may not'} have a token where the settings name two registries`, () => {
    const registries = [{ loginServer: 'registry.example.com' }, { loginServer: 'harbor.example.com' }];
    assert.equal(identityProblem(loginServer, registries) === undefined, may);
  });

test.run();
