import { ManagedIdentityCredential } from '@azure/identity';
import { QueueClient } from '@azure/storage-queue';
import { type Connection, connectionTo, type Environment, expandSettings } from '../settings.ts';

/** The queues that bindings name; messages are base64, by host.json's messageEncoding. */
export interface Queues {
  /** The queue a trigger (`queueName`, `connection`) means. */
  client(binding: Record<string, unknown>): QueueClient;
  /** Sends an already encoded message, making the queue when it is not there. */
  put(queue: QueueClient, encoded: string): Promise<void>;
  /** The message's bytes, or undefined when it is not base64. */
  decode(encoded: string): Buffer | undefined;
}

/** Opens the queues of one host; holds no connection until one is used. */
export function openQueues(env: Environment): Queues {
  const clients = new Map<string, QueueClient>();
  return {
    client({ queueName, connection }) {
      const name = expandSettings(String(queueName), env);
      const at = connectionTo('queue', connection, env);
      const key = `${JSON.stringify(at)}\n${name}`;
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
    },
    decode(encoded) {
      const isBase64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(encoded);
      return isBase64 ? Buffer.from(encoded, 'base64') : undefined;
    },
  };
}

function openQueue(at: Connection, name: string, connection: unknown): QueueClient {
  if ('endpoint' in at)
    return new QueueClient(
      `${at.endpoint.replace(/\/$/, '')}/${name}`,
      new ManagedIdentityCredential({ clientId: at.clientId }),
    );
  try {
    return new QueueClient(at.connectionString, name);
  } catch {
    // Without what it threw: that may quote the connection string, which holds the account's key.
    const setting = connection || 'AzureWebJobsStorage';
    throw new Error(`The connection ${setting}, for queue ${name}, is no storage connection string`);
  }
}
