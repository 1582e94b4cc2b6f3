import { type Finding, fault, note, works } from '../finding.ts';

/** https://learn.microsoft.com/rest/api/eventgrid/controlplane/system-topic-event-subscriptions/get */
export interface EventSubscription {
  name: string;
  properties: {
    provisioningState: string;
    destination?: { endpointType: string; properties?: { resourceId?: string } };
  };
}

/** https://learn.microsoft.com/rest/api/monitor/metrics/list */
export interface Metrics {
  value: { name: { value: string }; timeseries: { data: { total?: number }[] }[] }[];
}

/** The metrics of a topic that are asked for. */
export const metricNames = [
  'PublishSuccessCount',
  'DeliverySuccessCount',
  'DeliveryAttemptFailCount',
  'DeadLetteredCount',
  'DroppedEventCount',
] as const;

const apply = 'infra/scripts/apply-events.sh';

/** Whether a registry's pushes are handed to the function. @param functionId ARM id of the function `imagePushed` */
export function judgeSubscription(
  registry: string,
  name: string,
  subscriptions: EventSubscription[],
  functionId: string,
): Finding {
  const edge = `event subscription of ${registry}`;
  const found = subscriptions.find((one) => one.name.toLowerCase() === name.toLowerCase());
  if (!found) return fault(edge, `there is no ${name}: no push is announced`, apply);
  const { provisioningState, destination } = found.properties;
  if (provisioningState !== 'Succeeded') return fault(edge, `it is ${provisioningState}`, apply);
  const target = destination?.properties?.resourceId ?? '';
  if (target.toLowerCase() !== functionId.toLowerCase())
    return fault(edge, `it leads to ${target || 'nothing'}, and not to ${functionId}`, apply);
  return works(edge, name);
}

/** What became of the pushes of the last day. @param giveRole the command that lets the topic write dead letters */
export function judgeDeliveries(registry: string, metrics: Metrics, giveRole: string): Finding[] {
  const total = (name: (typeof metricNames)[number]) =>
    (metrics.value.find((metric) => metric.name.value === name)?.timeseries ?? [])
      .flatMap(({ data }) => data)
      .reduce((sum, point) => sum + (point.total ?? 0), 0);
  const edge = `deliveries of ${registry}`;
  const [announced, delivered] = [total('PublishSuccessCount'), total('DeliverySuccessCount')];
  const [failed, dead, dropped] = [
    total('DeliveryAttemptFailCount'),
    total('DeadLetteredCount'),
    total('DroppedEventCount'),
  ];
  const says = `in the last day ${announced} announced, ${delivered} delivered, ${failed} attempts failed, ${dead} dead letters, ${dropped} lost`;
  const findings: Finding[] = [];
  if (dropped > 0) findings.push(fault(edge, `${says}: the topic may not write dead letters`, giveRole));
  if (dead > 0) findings.push(fault(edge, says, 'infra/scripts/replay-dead-letters.sh'));
  if (findings.length > 0) return findings;
  if (failed > 0 && delivered === 0) return [fault(edge, `${says}: the app takes none`, 'azd deploy')];
  return [failed > 0 ? note(edge, says) : works(edge, says)];
}
