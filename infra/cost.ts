/**
 * What Plinth costs in a month, by the prices of prices.json: the table of docs/cost.md.   npx tsx infra/cost.ts
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Meter {
  price: number;
  per: number;
  free: number;
}
const prices: { meters: Record<string, Meter> } = JSON.parse(
  readFileSync(join(import.meta.dirname, 'prices.json'), 'utf8'),
);

const days = 30;
const minutes = days * 24 * 60;

/** The assumptions; docs/cost.md describes them. */
export const assumed = {
  registries: 2,
  buildsPerPush: 0.1,
  /** One to start, then follow-ups with a growing delay. */
  invocationsPerBuild: 7,
  /** The least that is billed. */
  secondsPerInvocation: 1,
  memoryGB: 2,
  eventGridPerPush: 2,
  queuePerBuild: 21,
  /** To write them, and to remove them after their days: of a push its rows, its decisions and its day. */
  tablePerPush: 6 + 4,
  tablePerBuild: 70 + 2,
  tablePerClock: 8,
  /** By maxPollingInterval of host.json, while an instance is there. */
  queuePollsPerSecond: 4,
  leaseRenewals: minutes * 6,
  telemetryKB: 6,
  logAlerts: 3,
  metricAlertsPerRegistry: 3,
  cpuSecondsPerBuild: 2 * 180,
};

const cost = (name: string, amount: number): number => {
  const { price, per, free } = prices.meters[name]!;
  return (Math.max(0, amount - free) / per) * price;
};

/** What pushes and builds make the app do, without what it does when nothing happens. */
const usageOf = (pushes: number, builds: number) => ({
  invocations: pushes + builds * assumed.invocationsPerBuild,
  queueOperations: builds * assumed.queuePerBuild,
  tableOperations: pushes * assumed.tablePerPush + builds * assumed.tablePerBuild,
});

/** The same of a month in which nothing happens. */
const idle = {
  invocations: minutes,
  queueOperations: assumed.queuePollsPerSecond * minutes * 60,
  tableOperations: minutes * assumed.tablePerClock,
};

export function costOf(pushesPerDay: number) {
  const pushes = pushesPerDay * days;
  const builds = pushes * assumed.buildsPerPush;
  const used = usageOf(pushes, builds);
  const invocations = idle.invocations + used.invocations;
  const functions =
    cost('functionsGBSecond', invocations * assumed.secondsPerInvocation * assumed.memoryGB) +
    cost('functionsExecution', invocations);
  const events = cost('eventGridOperation', pushes * assumed.eventGridPerPush);
  const storage =
    cost('queueOperation', idle.queueOperations + used.queueOperations) +
    cost('tableOperation', idle.tableOperations + used.tableOperations) +
    cost('blobWrite', assumed.leaseRenewals);
  const logs = cost('logGB', (invocations * assumed.telemetryKB) / 1e6);
  const alerts =
    cost('logAlertRule', assumed.logAlerts) +
    cost('metricAlertSeries', assumed.metricAlertsPerRegistry * assumed.registries);
  const total = functions + events + storage + logs + alerts;
  return {
    functions,
    events,
    storage,
    logs,
    alerts,
    total,
    builds: cost('acrTaskCpuSecond', builds * assumed.cpuSecondsPerBuild),
  };
}

export function costTable(): string {
  const rows = [10, 1000, 100_000].map((pushes) => {
    const { functions, events, storage, logs, alerts, total, builds } = costOf(pushes);
    const amounts = [functions, events, storage, logs, alerts, total, builds].map((amount) =>
      amount.toFixed(2),
    );
    return `| ${pushes.toLocaleString('en-US')} | ${amounts.join(' | ')} |`;
  });
  return [
    '| pushes a day | Functions | Event Grid | storage | logs | alerts | **Plinth** | builds in ACR |',
    '|---|---|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}

export function usageTable(): string {
  const rows = Object.entries({
    '1,000 pushes with ten dependents each': usageOf(1000, 10_000),
    'a month in which nothing happens': idle,
  }).map(([what, { invocations, queueOperations, tableOperations }]) => {
    const seconds = invocations * assumed.secondsPerInvocation * assumed.memoryGB;
    const amounts = [invocations, seconds, tableOperations, queueOperations];
    return `| ${what} | ${amounts.map((amount) => amount.toLocaleString('en-US')).join(' | ')} |`;
  });
  return [
    '| what happens | executions | GB-seconds | table operations | queue operations |',
    '|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}

if (process.argv[1] === import.meta.filename) console.log(`${costTable()}\n\n${usageTable()}`);
