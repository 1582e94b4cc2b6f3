import assert from 'node:assert/strict';
import { test } from 'uvu';
import { parse } from 'yaml';
import { text } from '../infraFiles.ts';
import { parametersOf, project } from './azd.ts';

interface Step {
  run?: string;
  uses?: string;
  env?: Record<string, string>;
}
interface Job {
  if: string;
  environment?: string;
  env?: Record<string, string>;
  steps: Step[];
}
const workflow: { env: Record<string, string>; jobs: Record<string, Job> } = parse(
  text('.github/workflows/azure-dev.yml'),
);

/** `${{ vars.NAME }}` and `${{ vars.NAME || 'else' }}`, as GitHub evaluates them: a variable that is not set is empty. */
const evaluated = (value: string, vars: Record<string, string>) =>
  value.replaceAll(
    /\$\{\{ vars\.(\w+)(?: \|\| '([^']*)')? \}\}/g,
    (_, name, otherwise = '') => vars[name] || otherwise,
  );

/** What a step that runs this sees of the repository's variables. */
function environmentOf(job: string, command: string, vars: Record<string, string>): Record<string, string> {
  const { env = {}, steps } = workflow.jobs[job]!;
  const step = steps.find(({ run = '' }) => run.includes(command));
  assert.ok(step, `${job} does not run ${command}`);
  return Object.fromEntries(
    Object.entries({ ...workflow.env, ...env, ...step.env }).map(([name, value]) => [
      name,
      evaluated(value, vars),
    ]),
  );
}

const file: Record<string, { value: string }> = JSON.parse(text('infra/main.parameters.json')).parameters;
const settingOf = (parameter: string) => /\w+/.exec(file[parameter]!.value)![0];
/** A value that is no parameter's default, as the type asks. */
const values: Record<string, string> = {
  registries: '[{"id":"/subscriptions/0/registries/team1"}]',
  tags: '{"costCenter":"1"}',
  sourceControlApis: '{"ghe.contoso.com":"https://ghe.contoso.com/api/v3"}',
  keyVaultEndpoints: '{"kv1.vault.azure.net":"https://10.0.0.4"}',
  baseImagePolicies: '[{"images":"docker.io/**","minimumAge":"3d"}]',
  vnetEnabled: 'true',
  purgeProtection: 'false',
  customRole: 'false',
  runEngine: 'scheduleRun',
};
const variables = Object.fromEntries(
  Object.keys(file).map((parameter) => [settingOf(parameter), values[parameter] ?? '7']),
);
const places = [
  ['deploy', 'azd provision --no-prompt'],
  ['what-if', 'azd provision --preview'],
] as const;

for (const [job, command] of places) {
  for (const parameter of Object.keys(file))
    test(`the repository's variable ${settingOf(parameter)} reaches ${command}`, () => {
      const given = parametersOf(environmentOf(job, command, variables))[parameter];
      assert.deepEqual(
        typeof given === 'object' ? JSON.stringify(given) : String(given),
        variables[settingOf(parameter)],
      );
    });

  test(`${command} takes the defaults of what is no variable`, () => {
    const required = Object.fromEntries(
      ['AZURE_ENV_NAME', 'AZURE_LOCATION', 'PLINTH_REGISTRIES'].map((name) => [name, variables[name]!]),
    );
    const given = parametersOf(environmentOf(job, command, required));
    const byDefault: Record<string, unknown> = {
      ...{ tags: {}, sourceControlApis: {}, keyVaultEndpoints: {}, baseImagePolicies: [] },
      ...parametersOf(required),
    };
    // Text without a default is empty in both: azd leaves it out where the variable is not there at all.
    for (const [parameter, value] of Object.entries(given))
      assert.deepEqual(value, byDefault[parameter] ?? '', parameter);
  });
}

test('the hooks of the deployment see the setting that leaves the events', () => {
  const env = environmentOf('deploy', 'azd deploy', { PLINTH_APPLY_EVENTS: 'false' });
  assert.equal(env.PLINTH_APPLY_EVENTS, 'false');
  assert.equal(environmentOf('deploy', 'azd deploy', {}).PLINTH_APPLY_EVENTS, '');
});

test('each setting has a row on the page that deploys', () => {
  const page = text('docs/deploy-azd.md');
  const byAzd = ['AZURE_ENV_NAME', 'AZURE_LOCATION'];
  const names = [...Object.keys(file).map(settingOf), 'PLINTH_APPLY_EVENTS'];
  const isShown = (name: string) =>
    name === 'PLINTH_REGISTRIES' ? page.includes(name) : new RegExp(`\\| \`${name}\` +\\|`).test(page);
  assert.deepEqual(
    names.filter((name) => !byAzd.includes(name) && !isShown(name)),
    [],
  );
});

test('azd pipeline config makes variables of all of them', () => {
  const byAzd = ['AZURE_ENV_NAME', 'AZURE_LOCATION'];
  const wanted = Object.keys(file)
    .map(settingOf)
    .filter((name) => !byAzd.includes(name));
  assert.deepEqual([...project.pipeline.variables].sort(), [...wanted, 'PLINTH_APPLY_EVENTS'].sort());
});

/** Azure trusts the token of a job by its subject; these are those that `azd pipeline config` makes credentials for. */
const trusted = ['repo:O/R:pull_request', 'repo:O/R:ref:refs/heads/main'];

/** The subjects that a job's token may have. */
function subjectsOf({ if: condition, environment }: Job): string[] {
  if (environment) return [`repo:O/R:environment:${environment}`];
  if (condition.includes("github.event_name == 'pull_request'")) return ['repo:O/R:pull_request'];
  const onMain = condition.includes("github.ref == 'refs/heads/main'");
  return [`repo:O/R:ref:refs/heads/${onMain ? 'main' : 'any'}`];
}

for (const [name, job] of Object.entries(workflow.jobs))
  test(`the job ${name} signs in with a credential that azd makes`, () => {
    assert.ok(job.steps.some(({ run = '' }) => run.startsWith('azd auth login')));
    for (const subject of subjectsOf(job)) assert.ok(trusted.includes(subject), subject);
  });

test.run();
