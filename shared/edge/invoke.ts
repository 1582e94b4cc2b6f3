import { app, type InvocationContext } from '@azure/functions';
import { observedPorts } from '../adapters/telemetry/observedPorts.ts';
import { thenStart } from '../flow/queue/keepingStart.ts';
import type { Ports } from '../ports/ports.ts';
import type { StartMessage } from '../ports/queue.ts';
import type { Invocation } from '../ports/telemetry.ts';
import { logTo } from './log.ts';
import { flushTelemetry, theTelemetry } from './telemetry.ts';

app.hook.appTerminate(flushTelemetry);

/** The SDKs come with the first call: an app is indexed without them, and a cold start does not wait for them twice. */
export const theWiring = () => import('./wiring.ts');

/** What a call is of. */
interface Subject {
  /** The name that it has in telemetry, where that is not the function's. */
  span?: string;
  /** The run that the message names: the call joins the trace of what queued it. */
  about?: StartMessage;
}

/** One call of a function, with its log and under watch. */
export async function invoke<T>(
  context: InvocationContext,
  work: (ports: Ports, invocation: Invocation) => Promise<T>,
  { span = context.functionName, about }: Subject = {},
): Promise<T> {
  const log = logTo(context);
  const [{ portsWith }, telemetry] = await Promise.all([theWiring(), theTelemetry(log)]);
  const invocation = telemetry.begin(span, context.traceContext?.traceParent);
  try {
    const result = await work(observedPorts(portsWith(log), invocation, about), invocation);
    invocation.end();
    return result;
  } catch (error) {
    invocation.end(error);
    throw error;
  }
}

/** One queue message, and then the first run that its work called, in its own trace. */
export function invokeMessage(
  context: InvocationContext,
  work: (ports: Ports, invocation: Invocation) => Promise<void>,
  subject: Subject,
): Promise<void> {
  return thenStart(
    (keeping) => invoke(context, (ports, invocation) => work(keeping(ports), invocation), subject),
    (run) => invoke(context, (ports) => start(run, ports), { span: 'startBuild', about: run }),
  );
}

/** Loaded with the first run: what plans a build reads Dockerfiles and YAML, and is large. */
const start = async (run: StartMessage, ports: Ports) =>
  (await import('../flow/start/startKept.ts')).startKept(run, ports);
