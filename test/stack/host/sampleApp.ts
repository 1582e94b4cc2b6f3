import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A function app on disk, as it stands after a build. */
export interface SampleApp {
  dir: string;
  remove(): void;
}

/** Writes an app of the given files; the packages are the project's own. */
export function writeApp(files: Record<string, string | object>): SampleApp {
  const dir = mkdtempSync(join(tmpdir(), 'sample-app-'));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), typeof content === 'string' ? content : JSON.stringify(content));
  }
  symlinkSync(join(import.meta.dirname, '../../../node_modules'), join(dir, 'node_modules'));
  return { dir, remove: () => rmSync(dir, { recursive: true, force: true }) };
}

/** An app of all that the local host serves. */
export function sampleApp(host: object): SampleApp {
  const load = "import { app } from '@azure/functions';";
  return writeApp({
    'package.json': { main: 'dist/functions/*.js', type: 'module' },
    'host.json': { version: '2.0', ...host },
    'dist/functions/http.js': load + httpFunctions,
    'dist/functions/others.js': load + otherFunctions,
  });
}

const httpFunctions = `
const all = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];
const told = (status) => async (request) => ({ status, jsonBody: { params: request.params } });

app.http('echo', { route: 'echo/{id}', methods: all, handler: async (request) => ({
  status: 201,
  headers: { 'x-method': request.method, 'x-id': request.params.id ?? '-', 'x-query': request.query.get('q') ?? '-',
    'content-type': request.headers.get('content-type') ?? 'none' },
  body: await request.arrayBuffer(),
}) });
app.http('defaultRoute', { handler: told(200) });
app.http('files', { route: 'files/{*rest}', methods: ['GET'], handler: told(200) });
app.http('aFirst', { route: 'ordered/{x}', methods: ['GET'], handler: told(211) });
app.http('bSecond', { route: 'ordered/ping', methods: ['GET'], handler: told(212) });
app.http('byPost', { route: 'ordered/ping', methods: ['POST'], handler: told(213) });
app.http('guarded', { methods: ['GET'], authLevel: 'function', handler: told(200) });
app.http('forAdmins', { route: 'for-admins', methods: ['GET'], authLevel: 'admin', handler: told(200) });
app.http('nothing', { methods: ['GET'], handler: async () => undefined });
app.http('boom', { methods: ['GET'], handler: async () => { throw new Error('broken on purpose'); } });
for (const name of ['offByDots', 'offByLines', 'notOff']) app.http(name, { methods: ['GET'], handler: told(200) });
app.http('cookie', { methods: ['GET'], handler: async () => ({
  cookies: [{ name: 'a', value: 'b' }],
}) });
app.http('environment', { methods: ['GET'], handler: async () => ({ jsonBody: process.env }) });
app.http('slow', { methods: ['GET'], handler: async (request, context) => {
  context.log('slow begins');
  await new Promise((resolve) => setTimeout(resolve, Number(request.query.get('ms'))));
  return { body: 'done' };
} });
`;

const otherFunctions = `
const seen = [];
const running = new Map();
const around = async (name, ms, act) => {
  running.set(name, (running.get(name) ?? 0) + 1);
  try {
    await new Promise((resolve) => setTimeout(resolve, ms));
    await act();
  } finally {
    running.set(name, running.get(name) - 1);
  }
};

app.http('seen', { methods: ['GET'], handler: async () => ({ jsonBody: seen }) });

app.storageQueue('job', {
  queueName: '%JOBS%',
  connection: 'AzureWebJobsStorage',
  handler: async (job, context) => {
    const { dequeueCount, queueTrigger, id } = context.triggerMetadata;
    const entry = { kind: 'job', job, dequeueCount, queueTrigger, id, at: Date.now() };
    seen.push(entry);
    await around('job', job.ms ?? 0, () => {
      if (job.fail) throw new Error('job fails on purpose');
    });
  },
});

app.storageQueue('crowd', {
  queueName: 'crowd',
  connection: 'AzureWebJobsStorage',
  handler: (job) => around('crowd', 100, () => seen.push({ kind: 'crowd', job, together: running.get('crowd') })),
});

app.eventGrid('event', { handler: async (event, context) => {
  seen.push({ kind: 'event', event });
  context.log('event ' + event.subject);
  if (event.subject === 'fail') throw new Error('event fails on purpose');
} });

app.timer('tick', { schedule: '%TICK%', handler: (timer) => around('tick', 1500, () =>
  seen.push({ kind: 'tick', together: running.get('tick'), timer })) });

app.timer('newYear', { schedule: '0 0 0 1 1 *', handler: async (timer) => { seen.push({ kind: 'newYear', timer }); } });

app.hook.appTerminate(() => console.log('appTerminate hook'));
`;
