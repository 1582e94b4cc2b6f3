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
  tablePerBuild: 40 + 2,
  tablePerClock: 8,
  /** Those of the template: each has a function, whose instances ask it once a second while they are there. */
  queues: 4,
  pollsPerQueue: minutes * 60,
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

export function costOf(pushesPerDay: number) {
  const pushes = pushesPerDay * days;
  const builds = pushes * assumed.buildsPerPush;
  const invocations = minutes + pushes + builds * assumed.invocationsPerBuild;
  const functions =
    cost('functionsGBSecond', invocations * assumed.secondsPerInvocation * assumed.memoryGB) +
    cost('functionsExecution', invocations);
  const events = cost('eventGridOperation', pushes * assumed.eventGridPerPush);
  const storage =
    cost('queueOperation', assumed.queues * assumed.pollsPerQueue + builds * assumed.queuePerBuild) +
    cost(
      'tableOperation',
      minutes * assumed.tablePerClock + pushes * assumed.tablePerPush + builds * assumed.tablePerBuild,
    ) +
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

if (process.argv[1] === import.meta.filename) console.log(costTable());
