import type { Ports } from '../ports/ports.ts';
import { startDueTimers } from './clockTimers.ts';
import { forgetOldDeliveries } from './forgetDeliveries.ts';
import { forgetLedger } from './forgetLedger.ts';
import { messageOf } from './postpone.ts';
import { reconcile } from './reconcile.ts';
import { ringAgain } from './ringAgain.ts';
import { settleDueWebhooks } from './settleWebhooks.ts';

/** What the clock does, in this order; what fails in one is no reason to leave out the others. */
const chores: [name: string, chore: (ports: Ports) => Promise<void>][] = [
  ['starting what timers are due', startDueTimers],
  ['ringing again', ringAgain],
  ['the round over all base images', reconcile],
  ['registering and removing webhooks', settleDueWebhooks],
  ['forgetting old decisions', forgetLedger],
  ['forgetting old deliveries', forgetOldDeliveries],
];

/** @throws Error that names every chore which failed */
export async function everyMinute(ports: Ports): Promise<void> {
  const faults: string[] = [];
  for (const [name, chore] of chores) {
    try {
      await chore(ports);
    } catch (error) {
      faults.push(`${name}: ${messageOf(error)}`);
    }
  }
  if (faults.length > 0) throw new Error(`The clock failed at ${faults.join('; ')}`);
}
