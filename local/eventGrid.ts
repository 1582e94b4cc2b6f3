import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import { type DeadLetter, type Destination, deliver } from './eventGrid/delivery.ts';
import type { EventGridEvent, EventSchema } from './eventGrid/events.ts';
import { validateEndpoint, withoutQuery } from './eventGrid/handshake.ts';
import { type RegistryNotification, type Topic, toRegistryEvent } from './eventGrid/registryEvents.ts';
import type { RetryPolicy } from './eventGrid/retry.ts';
import { close, listen } from './listening.ts';

export type { DeadLetter, EventGridEvent, EventSchema, RetryPolicy, Topic };

export interface EventGridOptions {
  topics: Topic[];
  /** On loopback; a free one when not given. */
  port?: number;
  /** What registries must send as `Authorization: Bearer …`; made up when not given. */
  notificationSecret?: string;
  /** What a second of the retry schedule and the time to live lasts, in seconds: 0.01 makes 10 s 100 ms. 1 if not given. */
  timeScale?: number;
  /** How long an endpoint has to answer. Event Grid's 30 s when not given. */
  responseTimeoutMs?: number;
  /** A line for each delivery attempt; never holds an endpoint's key. */
  log?: (line: string) => void;
}

export interface SubscriptionOptions {
  registryResourceId: string;
  /** A webhook; its query may hold a key, which is never printed. */
  endpointUrl: string;
  /** Event Grid's own schema when not given. */
  schema?: EventSchema;
  /** All when not given. */
  includedEventTypes?: string[];
  name?: string;
  retryPolicy?: RetryPolicy;
}

export interface EventGrid {
  /** Where the docker-registry of that name posts its notifications. */
  notificationUrl(registryName: string): string;
  notificationSecret: string;
  /**
   * Subscribes an endpoint after the validation handshake; throws when that fails, or the registry has no topic.
   * The returned function ends the subscription.
   */
  subscribe(subscription: SubscriptionOptions): Promise<() => void>;
  /** Publishes events as they are, to the subscriptions of their `topic`: twice, forged or late as a test likes. */
  publish(...events: EventGridEvent[]): void;
  deadLetters(): DeadLetter[];
  /** Resolves when every event published so far is delivered or given up. */
  settled(): Promise<void>;
  /** Gives up what is not delivered yet. */
  stop(): Promise<void>;
}

interface Subscription extends Destination {
  topic: string;
  includedEventTypes: string[] | undefined;
}

const notificationLimit = 16 * 1024 * 1024;

/** Starts the Event Grid of this machine: a system topic for each registry, with Event Grid's delivery and retry. */
export async function startEventGrid(options: EventGridOptions): Promise<EventGrid> {
  const { topics, timeScale = 1, responseTimeoutMs = 30_000, log = () => {} } = options;
  const secret = options.notificationSecret ?? randomBytes(24).toString('base64url');
  const subscriptions = new Set<Subscription>();
  const deliveries = new Set<Promise<void>>();
  const deadLetters: DeadLetter[] = [];
  const stopping = new AbortController();

  // Each event has its own way and its own retries: none waits behind another.
  function send(event: EventGridEvent, to: Subscription): void {
    const onAttempt = (attempt: number, status: number | undefined, retryInMs: number | undefined) =>
      log(
        `${event.eventType} ${event.subject} to ${to.subscriptionName}: attempt ${attempt}, ` +
          `${status === undefined ? 'no answer' : `HTTP ${status}`}` +
          `${retryInMs === undefined ? '' : `, again in ${(retryInMs * timeScale) / 1000} s`}`,
      );
    const delivery = deliver(event, to, { timeScale, responseTimeoutMs, signal: stopping.signal, onAttempt })
      .then((deadLetter) => {
        if (!deadLetter) return;
        deadLetters.push(deadLetter);
        log(`${event.eventType} ${event.subject} to ${to.subscriptionName}: ${deadLetter.deadLetterReason}`);
      })
      .finally(() => deliveries.delete(delivery));
    deliveries.add(delivery);
  }

  function publish(...events: EventGridEvent[]): void {
    for (const event of events)
      for (const subscription of subscriptions)
        if (isFor(subscription, event)) send(structuredClone(event), subscription);
  }

  /** The status to answer a registry with; it repeats its notification until that is 2xx. */
  async function receive(request: IncomingMessage): Promise<number> {
    const name = /^\/registries\/([^/]+)\/notifications$/.exec(request.url ?? '')?.[1];
    const topic = topics.find(({ registryResourceId }) => registryName(registryResourceId) === name);
    if (!topic || request.method !== 'POST') return 404;
    if (!isSecret(request.headers.authorization, secret)) return 401;
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of request) {
      size += chunk.length;
      if (size > notificationLimit) return 413;
      chunks.push(chunk);
    }
    const envelope = parseEnvelope(Buffer.concat(chunks).toString('utf8'));
    if (!envelope) return 400;
    const now = new Date();
    publish(
      ...envelope.map((one) => toRegistryEvent(one, topic, now)).filter((event) => event !== undefined),
    );
    return 200;
  }

  const server = createServer((request, response) => {
    receive(request).then(
      (status) => response.writeHead(status).end(),
      () => response.destroy(),
    );
  });
  const port = await listen(server, options.port);

  return {
    notificationUrl: (name) => `http://127.0.0.1:${port}/registries/${name}/notifications`,
    notificationSecret: secret,
    async subscribe({ registryResourceId, endpointUrl, schema = 'EventGridSchema', ...rest }) {
      if (!topics.some((topic) => sameId(topic.registryResourceId, registryResourceId)))
        throw new Error(`Event Grid has no topic for ${registryResourceId}`);
      const subscriptionName = rest.name ?? `subscription-${subscriptions.size + 1}`;
      const about = { name: subscriptionName, topic: registryResourceId };
      await validateEndpoint(endpointUrl, schema, about, responseTimeoutMs);
      log(`${subscriptionName}: ${withoutQuery(endpointUrl)} passed the validation handshake`);
      const subscription: Subscription = {
        topic: registryResourceId,
        subscriptionName,
        endpointUrl,
        schema,
        includedEventTypes: rest.includedEventTypes,
        retryPolicy: rest.retryPolicy ?? {},
      };
      subscriptions.add(subscription);
      return () => void subscriptions.delete(subscription);
    },
    publish,
    deadLetters: () => [...deadLetters],
    async settled() {
      await Promise.all([...deliveries]);
    },
    async stop() {
      stopping.abort();
      await Promise.all(deliveries);
      await close(server);
    },
  };
}

function isFor({ topic, includedEventTypes }: Subscription, event: EventGridEvent): boolean {
  return sameId(topic, event.topic) && (includedEventTypes?.includes(event.eventType) ?? true);
}

/** ARM resource ids differ in case from place to place and mean the same. */
function sameId(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

function registryName(resourceId: string): string | undefined {
  return resourceId.split('/').at(-1);
}

function isSecret(authorization: string | undefined, secret: string): boolean {
  const [given, wanted] = [Buffer.from(authorization ?? ''), Buffer.from(`Bearer ${secret}`)];
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

function parseEnvelope(text: string): RegistryNotification[] | undefined {
  try {
    const { events } = JSON.parse(text);
    return Array.isArray(events) ? events : undefined;
  } catch {
    return undefined;
  }
}
