import { QueueClient } from '@azure/storage-queue';
import type { FunctionDefinition, InvocationResponse } from './core.ts';
import { connectionString, type Environment, expandSettings, type QueueSettings } from './settings.ts';
import { toMessages } from './typedData.ts';

/** The queues that bindings name, with the app's message encoding. */
export interface Queues {
  /** The queue a trigger or output binding (`queueName`, `connection`) means. */
  client(binding: Record<string, unknown>): QueueClient;
  /** Sends an already encoded message, making the queue when it is not there; wakes our own listener on it. */
  put(queue: QueueClient, encoded: string): Promise<void>;
  encode(message: string | Uint8Array): string;
  /** The message's text, or undefined when it is not in the encoding that host.json says. */
  decode(encoded: string): string | undefined;
  /** Calls wake() at each message that this host itself puts there, until the returned function is called. */
  onPut(queueName: string, wake: () => void): () => void;
}

/** Opens the queues of one host; holds no connection until one is used. */
export function openQueues(env: Environment, encoding: QueueSettings['messageEncoding']): Queues {
  const clients = new Map<string, QueueClient>();
  const wakers = new Map<string, Set<() => void>>();
  return {
    client({ queueName, connection }) {
      const name = expandSettings(String(queueName), env);
      const at = connectionString(connection, env);
      const key = `${at}\n${name}`;
      const client = clients.get(key) ?? openQueue(at, name, connection);
      clients.set(key, client);
      return client;
    },
    async put(queue, encoded) {
      try {
        await queue.sendMessage(encoded);
      } catch (error) {
        if ((error as { statusCode?: number }).statusCode !== 404) throw error;
        await queue.createIfNotExists();
        await queue.sendMessage(encoded);
      }
      for (const wake of wakers.get(queue.name) ?? []) wake();
    },
    encode(message) {
      const bytes = Buffer.from(message as string);
      return encoding === 'none' ? bytes.toString() : bytes.toString('base64');
    },
    decode(encoded) {
      if (encoding === 'none') return encoded;
      const isBase64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(encoded);
      return isBase64 ? Buffer.from(encoded, 'base64').toString('utf8') : undefined;
    },
    onPut(queueName, wake) {
      const set = wakers.get(queueName) ?? new Set();
      wakers.set(queueName, set.add(wake));
      return () => set.delete(wake);
    },
  };
}

function openQueue(connectionString: string, name: string, connection: unknown): QueueClient {
  try {
    return new QueueClient(connectionString, name);
  } catch {
    // Without what it threw: that may quote the connection string, which holds the account's key.
    const setting = connection || 'AzureWebJobsStorage';
    throw new Error(`The connection ${setting}, for queue ${name}, is no storage connection string`);
  }
}

/** Brings queue outputs to their queues; an `http` output is the response itself. Throws on any other kind. */
export async function writeQueueOutputs(
  queues: Queues,
  { name, bindings }: FunctionDefinition,
  response: InvocationResponse,
): Promise<void> {
  const outputs = [...(response.outputData ?? [])];
  if (response.returnValue && bindings.$return) outputs.push({ name: '$return', data: response.returnValue });
  for (const output of outputs) {
    const binding = bindings[output.name];
    if (binding?.type === 'http') continue;
    if (binding?.type !== 'queue')
      throw new Error(
        `The function ${name} has an output of type ${binding?.type}; this host knows http and queue`,
      );
    const queue = queues.client(binding);
    for (const message of toMessages(output.data)) await queues.put(queue, queues.encode(message));
  }
}
