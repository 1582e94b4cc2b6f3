import type { InvocationContext } from '@azure/functions';
import type { Log } from '../ports/log.ts';

/** The log of one invocation; facts follow the message as JSON, so that a query can take them apart. */
export const logTo =
  (context: InvocationContext): Log =>
  (level, message, facts) => {
    const text = facts ? `${message} ${JSON.stringify(facts)}` : message;
    if (level === 'error') context.error(text);
    else if (level === 'warning') context.warn(text);
    else context.info(text);
  };
