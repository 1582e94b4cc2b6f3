/** What a line of a part of the stack says that its user waits for: a push, the end of a run, a fault. */
export function quietLine(part: string, line: string): string | undefined {
  return part === 'events' ? ofEvents(line) : ofApp(line);
}

function ofEvents(line: string): string | undefined {
  const [, image, outcome] =
    /^Microsoft\.ContainerRegistry\.ImagePushed (\S+) to \S+: attempt 1, (.*)$/.exec(line) ?? [];
  if (image && /^HTTP 20[0-4]$/.test(outcome!)) return `push   ${image}`;
  const isOrdinary = /passed the validation handshake$|, HTTP 20[0-4]$/.test(line);
  return isOrdinary ? undefined : `events ${line}`;
}

/** A line of the Functions host: `[time] level category: message`. */
const hostLine = /^\[\S+\] (\w+) (\S+): ([\s\S]*)$/;
/** What the app says at the end of a run. */
const runEnd = /^run (\S+) ([A-Z][a-z]+) (\{.*\})$/;

function ofApp(line: string): string | undefined {
  const [, level, , message] = hostLine.exec(line) ?? [];
  if (message === undefined || level === 'warning' || level === 'error' || level === 'critical')
    return `app    ${message ?? line}`;
  const [, runId, status, facts] = runEnd.exec(message) ?? [];
  if (!facts) return undefined;
  const { registry, task } = JSON.parse(facts) as { registry: string; task?: string };
  return `run    ${runId} of ${registry}${task ? `, task ${task}` : ''}: ${status}`;
}
