/** An event in Event Grid's own schema, as topics of Container Registry publish it. */
export interface EventGridEvent {
  id: string;
  /** The registry's ARM resource id. */
  topic: string;
  subject: string;
  eventType: string;
  eventTime: string;
  data: object;
  dataVersion: string;
  metadataVersion: string;
}

/** The same in CloudEvents 1.0. */
interface CloudEvent {
  id: string;
  source: string;
  subject: string;
  type: string;
  time: string;
  data: object;
  specversion: '1.0';
}

export type EventSchema = 'EventGridSchema' | 'CloudEventSchemaV1_0';

/** How Event Grid turns its own schema into CloudEvents 1.0: other names, the same values. */
export function toCloudEvent(event: EventGridEvent): CloudEvent {
  const { topic, subject, eventType, eventTime, id, data } = event;
  return { source: topic, subject, type: eventType, time: eventTime, id, data, specversion: '1.0' };
}

/** Seven digits of a second, as Microsoft's services write time. */
export function formatEventTime(time: Date): string {
  return time.toISOString().replace('Z', '0000Z');
}
