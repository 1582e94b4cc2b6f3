/** What Azure does that no test here can show: the pages say it where somebody needs it. */
import assert from 'node:assert/strict';
import { test } from 'uvu';
import { type Expression, objectsIn } from './bicep.ts';
import { group, infra, text } from './infraFiles.ts';

const words = (page: string) => text(page).replaceAll(/\s+/g, ' ');

const said: [what: string, page: string, words: RegExp][] = [
  [
    'a stopped app answers 403, and its pushes are dead letters at once',
    'docs/operations.md',
    /stopped app answers 403, which counts as final: those pushes are dead letters at once/,
  ],
  [
    'the alert on dead letters says so too',
    'infra/modules/topicAlerts.bicep',
    /after a day, or at once where the app is stopped/,
  ],
  [
    'the pushes of a restore are handed in after the start',
    'docs/operations.md',
    /functionapp stop .* tables -- restore .* functionapp start .*\/replay-dead-letters\.sh/,
  ],
  [
    'a timer may stand still after a deployment',
    'docs/operations.md',
    /plinth-not-running.* clock alone stand still, restart the app or deploy it again/,
  ],
  [
    'each function has instances of its own',
    'docs/cost.md',
    /the queue's function has instances of its own, which go when it rests/,
  ],
  [
    'a level holds back the lines of the app alone',
    'docs/cost.md',
    /\| log levels in `host\.json` \| logs of the app; the host's own line for each invocation stays \|/,
  ],
  [
    'lines may be left out of a busy instance',
    'docs/operations.md',
    /what is to be counted is a metric; the clock's instances have one a minute/,
  ],
  [
    'service endpoints were not tried with Flex Consumption',
    'docs/proved.md',
    /\| service endpoints are enough for Flex Consumption's own storage \| `PLINTH_VNET_ENABLED=true` \|/,
  ],
  [
    'a package may not reach storage that only the network reaches',
    'docs/proved.md',
    /config-zip` where only the virtual network reaches the storage \|.*azd deploys in its place/,
  ],
  ['an address that stays asks for a NAT gateway', 'docs/deploy-azd.md', /subnet with a NAT gateway/],
  [
    'a preview leaves out role assignments',
    'docs/deploy-azd.md',
    /--preview` shows what would be created, but for role assignments/,
  ],
];
for (const [what, page, form] of said)
  test(`${page}: ${what}`, () => assert.ok(form.test(words(page)), `it does not say ${form}`));

test('what only a subscription can show says how, and what would happen if not', () => {
  const table = text('docs/proved.md').split('## Only a subscription can show')[1]!;
  const rows = table.split('\n').filter((line) => line.startsWith('| '));
  assert.ok(rows.length > 10, `${rows.length} rows`);
  for (const row of rows.slice(1))
    assert.match(row.replaceAll(/ +/g, ' '), /^\| [^|]{5,} \| [^|]{5,} \| [^|]{5,} \|$/);
});

test('each alert has a row that says what to do', () => {
  const table = text('docs/operations.md').split('## Alerts')[1]!.split('## ')[0]!;
  const ofLogs = objectsIn(infra.get('modules/monitoring.bicep')!.variables.logAlerts!)
    .filter(({ query }) => query)
    .map(({ name }) => `plinth-${name}`);
  const ofTopics = objectsIn(infra.get('modules/topicAlerts.bicep')!.variables.alerts!).map(
    ({ metric }) => `…-${metric}-…`,
  );
  assert.equal([...ofLogs, ...ofTopics].length, 6);
  for (const alert of [...ofLogs, ...ofTopics])
    assert.match(table, new RegExp(`^\\| \`${alert}\` +\\|.{10,}\\|.{5,}\\|$`, 'm'), alert);
});

/** What azd takes in the name of an environment beside letters and digits, and what the subscription's name takes. */
const [ofAzd, ofSubscription] = ['-_.()', /^[A-Za-z0-9-]{3,64}$/];
const environments = ['prod', 'my_env', 'my.env', '(a)', '_._', `${ofAzd}1`, `${'x'.repeat(31)}.`];
for (const environment of environments)
  test(`the environment ${environment} has an event subscription that Azure takes`, () => {
    const { text: expression } = group.variables.eventSubscriptionName as Expression;
    const replaced = [...expression.matchAll(/'(.)', '(.)'\)/g)].reduce(
      (name, [, one, other]) => name.replaceAll(one!, other!),
      environment,
    );
    assert.match(`plinth-${replaced}`, ofSubscription);
  });

test.run();
