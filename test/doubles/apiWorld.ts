import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { HttpResponseInit } from '@azure/functions';
import { closeCore, openCore, type Registrations } from '../../local/functionsHost/worker/core.ts';
import { createTableStore } from '../../shared/adapters/storage/tableStore.ts';
import { theApp } from '../../shared/edge/wiring.ts';
import type { Ports } from '../../shared/ports/ports.ts';
import { createCountingTable } from '../worlds/countingTable.ts';
import { createWorld } from '../worlds/world.ts';

// The library is CommonJS, and only some of its names can be imported.
const { HttpRequest, InvocationContext } = createRequire(import.meta.url)(
  '@azure/functions',
) as typeof import('@azure/functions');

const resource = '/subscriptions/s/resourceGroups/g/providers/Microsoft.ContainerRegistry/registries';
const settings = {
  PLINTH_REGISTRIES: JSON.stringify([{ id: `${resource}/appacr` }, { id: `${resource}/baseacr` }]),
  PLINTH_SEALING_KEY: Buffer.alloc(32, 1).toString('base64'),
  PlinthStorage__tableServiceUri: 'https://nobody.invalid',
  PlinthStorage__queueServiceUri: 'https://nobody.invalid',
};

/** The app's functions as they are registered; loaded once in a process. */
async function loadFunctions(): Promise<Registrations> {
  Object.assign(process.env, settings);
  const functions = join(import.meta.dirname, '../../functions');
  const registrations: Registrations = { functions: [], atEnd: [], sealed: false, log: () => {} };
  openCore(registrations);
  for (const name of readdirSync(functions)) await import(`../../functions/${name}`);
  closeCore();
  return registrations;
}

const { functions: registered } = await loadFunctions();

export interface Answer {
  status: number;
  body: any;
  headers: Record<string, string> | undefined;
  /** Of a body that is no JSON value any more. */
  bytes: Uint8Array;
}

/** As the host hands it on: values of one name in one text. */
const queryOf = (query: URLSearchParams) =>
  Object.fromEntries([...query.keys()].map((name) => [name, query.getAll(name).join(',')]));

/** The whole app from its handlers to the rows of its tables, which are in memory. One at a time in a process. */
export function createApiWorld() {
  const world = createWorld({ registries: ['appacr', 'baseacr'] });
  const [main, edges, pushes] = [createCountingTable(), createCountingTable(), createCountingTable()];
  const store = createTableStore({ main: main.client, edges: edges.client, pushes: pushes.client });
  const ports: Ports = Object.assign(world.ports, { store });
  Object.assign(theApp().ports, ports);

  /** Calls a function as the host does; its name may have a query after it. */
  async function call(
    operation: string,
    params: Record<string, string> = {},
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const [name = '', query = ''] = operation.split('?');
    const { trigger, callback } = registered.find((one) => one.name === name)!;
    const request = new HttpRequest({
      method: String((trigger.methods as string[])[0]),
      url: `https://app.example/${name}`,
      query: queryOf(new URLSearchParams(query)),
      headers,
      params: { registry: 'appacr', ...params },
      ...(body !== undefined && {
        body: { string: typeof body === 'string' ? body : JSON.stringify(body) },
      }),
    });
    const context = new InvocationContext({ functionName: name, logHandler: () => {} });
    const answered = (await (callback as (...of: object[]) => Promise<HttpResponseInit>)(
      request,
      context,
    )) as HttpResponseInit;
    return {
      status: answered.status ?? 200,
      body: answered.jsonBody,
      headers: answered.headers as Record<string, string> | undefined,
      bytes: answered.body as Uint8Array,
    };
  }

  async function trigger(name: string, given: unknown): Promise<void> {
    const { callback } = registered.find((one) => one.name === name)!;
    const context = new InvocationContext({ functionName: name, logHandler: () => {} });
    await (callback as (...of: unknown[]) => Promise<void>)(given, context);
  }
  /** Sends an event to its function as the host does, and the messages that go on with it. */
  async function event(name: string, given: unknown): Promise<void> {
    await trigger(name, given);
    for (const message of world.messages.filter(({ queue }) => queue === 'push')) {
      world.messages.splice(world.messages.indexOf(message), 1);
      await trigger('queueMessage', message.body);
    }
  }

  return { world, ports, main, call, event };
}
