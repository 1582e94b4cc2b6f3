import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import { assumed, costOf, costTable, usageTable } from '../../infra/cost.ts';
import { parseTimeSpan } from '../../local/functionsHost/settings.ts';
import { infra } from './infraFiles.ts';

const root = join(import.meta.dirname, '../..');
/** The formatter fills the columns of a table up. */
const narrow = (text: string) => text.replaceAll(/ +/g, ' ').replaceAll(/ ?-{3,} ?/g, '---');
const page = narrow(readFileSync(join(root, 'docs/cost.md'), 'utf8'));

test('the page shows the table that the prices give, and their date', () => {
  assert.ok(page.includes(narrow(costTable())), `npx tsx infra/cost.ts\n${costTable()}`);
  assert.ok(page.includes(narrow(usageTable())), `npx tsx infra/cost.ts\n${usageTable()}`);
  const { date } = JSON.parse(readFileSync(join(root, 'infra/prices.json'), 'utf8'));
  assert.match(date, /^\d{4}-\d\d-\d\d$/);
  assert.ok(page.includes(date), date);
});

test('what is used more costs more, and the parts make the sum', () => {
  const [few, many] = [costOf(10), costOf(10_000)];
  assert.ok(many.total > few.total, `${many.total} and ${few.total}`);
  const { functions, events, storage, logs, alerts, total } = many;
  assert.equal(total, functions + events + storage + logs + alerts);
});

test('the queue is asked as often as host.json says', () => {
  const { queues } = JSON.parse(readFileSync(join(root, 'host.json'), 'utf8')).extensions;
  assert.equal(assumed.queuePollsPerSecond, 1000 / parseTimeSpan(queues.maxPollingInterval));
});

test('each alert of the template is paid', () => {
  const alerts = (file: string, name: string) => infra.get(`modules/${file}.bicep`)!.variables[name] as [];
  assert.equal(assumed.logAlerts, alerts('monitoring', 'logAlerts').length);
  assert.equal(assumed.metricAlertsPerRegistry, alerts('topicAlerts', 'alerts').length);
});

test.run();
