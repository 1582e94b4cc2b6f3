import type { EventGridEvent } from '../eventGrid/eventGrid.ts';
import type { Rough } from './rough.ts';

/** What is delivered of an event of a registry that has replicas, and when. */
export function roughEvents(rough: Rough) {
  return (event: EventGridEvent): Array<{ event: EventGridEvent; delayMs: number }> => {
    if (rough.meets('eventNever')) return [];
    const told = rough.meets('eventOfReplica') ? ofReplica(event) : event;
    const delayMs = rough.meets('eventLate') ? rough.ms(1 + rough.draw('eventLate', 5)) : 0;
    const sent = [{ event: told, delayMs }];
    if (rough.meets('eventTwice'))
      sent.push({ event: told, delayMs: delayMs + rough.ms(rough.draw('eventTwice', 3)) });
    return sent;
  };
}

/** `NAME.azurecr.io` as the replica in another region calls itself. */
function ofReplica(event: EventGridEvent): EventGridEvent {
  const data = event.data as { request: { host: string } };
  const host = data.request.host.replace(/^([^.]+)\./, '$1.northeurope.geo.');
  return { ...event, data: { ...data, request: { ...data.request, host } } };
}
