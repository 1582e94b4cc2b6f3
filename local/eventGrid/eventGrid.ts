import { randomBytes, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import { close, listen } from '../machine/listening.ts';
import { readBody } from '../machine/readBody.ts';
import { type DeadLetter, type Destination, deliver } from './delivery.ts';
import type { EventGridEvent, EventSchema } from './events.ts';
import { validateEndpoint, withoutQuery } from './handshake.ts';
import { type RegistryNotification, type Topic, toRegistryEvent } from './registryEvents.ts';
import { type EndpointType, isDelivered, type RetryPolicy } from './retry.ts';

export type { DeadLetter, EventGridEvent, EventSchema, RetryPolicy, Topic };

interface EventGridOptions {
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
  /** What is sent of an event that is published, and how late in ms; the event at once when not given. */
  plan?: (event: EventGridEvent) => Array<{ event: EventGridEvent; delayMs: number }>;
}

interface SubscriptionOptions {
  registryResourceId: string;
  /** A webhook; its query may hold a key, which is never printed. */
  endpointUrl: string;
  /** Event Grid's own schema when not given. */
  schema?: EventSchema;
  /** All when not given. */
  includedEventTypes?: string[];
  name?: string;
  retryPolicy?: RetryPolicy;
  /** A webhook when not given. */
  endpointType?: EndpointType;
}

/** Since the start, by the names of the topic's metrics. */
export interface Deliveries {
  PublishSuccessCount: number;
  MatchedEventCount: number;
  DeliverySuccessCount: number;
  DeliveryAttemptFailCount: number;
  DeadLetteredCount: number;
  DroppedEventCount: number;
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
  /** What was counted of a registry's topic. */
  counts(registryResourceId: string): Deliveries;
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

function createCounts(): (topic: string) => Deliveries {
  const counted = new Map<string, Deliveries>();
  return (topic) => {
    const known = counted.get(topic.toLowerCase());
    const fresh = { PublishSuccessCount: 0, MatchedEventCount: 0, DeliverySuccessCount: 0 };
    const failed = { DeliveryAttemptFailCount: 0, DeadLetteredCount: 0, DroppedEventCount: 0 };
    const found = known ?? { ...fresh, ...failed };
    counted.set(topic.toLowerCase(), found);
    return found;
  };
}

interface Receiving {
  topics: Topic[];
  secret: string;
  publish: EventGrid['publish'];
}

/** Publishes a registry's notification. @returns the status to answer with; the registry repeats it until that is 2xx */
async function receive(request: IncomingMessage, { topics, secret, publish }: Receiving): Promise<number> {
  const name = /^\/registries\/([^/]+)\/notifications$/.exec(request.url ?? '')?.[1];
  const topic = topics.find(({ registryResourceId }) => registryName(registryResourceId) === name);
  if (!topic || request.method !== 'POST') return 404;
  if (!isSecret(request.headers.authorization, secret)) return 401;
  const body = await readBody(request, notificationLimit);
  if (!body) return 413;
  const envelope = parseEnvelope(body.toString('utf8'));
  if (!envelope) return 400;
  const now = new Date();
  publish(...envelope.map((one) => toRegistryEvent(one, topic, now)).filter((event) => event !== undefined));
  return 200;
}

/** Starts the Event Grid of this machine: a system topic for each registry, with Event Grid's delivery and retry. */
export async function startEventGrid(options: EventGridOptions): Promise<EventGrid> {
  const { topics, timeScale = 1, responseTimeoutMs = 30_000, log = () => {} } = options;
  const plan = options.plan ?? ((event) => [{ event, delayMs: 0 }]);
  const secret = options.notificationSecret ?? randomBytes(24).toString('base64url');
  const subscriptions = new Set<Subscription>();
  const deliveries = new Set<Promise<void>>();
  const deadLetters: DeadLetter[] = [];
  const counts = createCounts();
  const stopping = new AbortController();

  // Each event has its own way and its own retries: none waits behind another.
  function send(event: EventGridEvent, to: Subscription, delayMs: number): void {
    const count = counts(to.topic);
    count.MatchedEventCount += 1;
    const way = `${event.eventType} ${event.subject} to ${to.subscriptionName}`;
    const onAttempt = (attempt: number, status: number | undefined, retryInMs: number | undefined) => {
      count[isDelivered(status) ? 'DeliverySuccessCount' : 'DeliveryAttemptFailCount'] += 1;
      const answered = status === undefined ? 'no answer' : `HTTP ${status}`;
      const again = retryInMs === undefined ? '' : `, again in ${(retryInMs * timeScale) / 1000} s`;
      log(`${way}: attempt ${attempt}, ${answered}${again}`);
    };
    const { signal } = stopping;
    const delivery = deliver(event, to, { timeScale, responseTimeoutMs, delayMs, signal, onAttempt })
      .then((deadLetter) => {
        if (!deadLetter) return;
        count.DeadLetteredCount += 1;
        deadLetters.push(deadLetter);
        log(`${way}: ${deadLetter.deadLetterReason}`);
      })
      .finally(() => deliveries.delete(delivery));
    deliveries.add(delivery);
  }

  function publish(...events: EventGridEvent[]): void {
    for (const event of events) {
      counts(event.topic).PublishSuccessCount += 1;
      for (const to of [...subscriptions].filter((subscription) => isFor(subscription, event)))
        for (const planned of plan(structuredClone(event))) send(planned.event, to, planned.delayMs);
    }
  }

  const server = createServer((request, response) => {
    const answer = (status: number) => response.writeHead(status).end();
    receive(request, { topics, secret, publish }).then(answer, () => response.destroy());
  });
  const port = await listen(server, options.port);

  return {
    notificationUrl: (name) => `http://127.0.0.1:${port}/registries/${name}/notifications`,
    notificationSecret: secret,
    async subscribe(wanted) {
      if (!topics.some((topic) => sameId(topic.registryResourceId, wanted.registryResourceId)))
        throw new Error(`Event Grid has no topic for ${wanted.registryResourceId}`);
      const subscription = subscriptionOf(wanted, `subscription-${subscriptions.size + 1}`);
      const { subscriptionName, endpointUrl, schema, topic } = subscription;
      await validateEndpoint(endpointUrl, schema, { name: subscriptionName, topic }, responseTimeoutMs);
      log(`${subscriptionName}: ${withoutQuery(endpointUrl)} passed the validation handshake`);
      subscriptions.add(subscription);
      return () => void subscriptions.delete(subscription);
    },
    publish,
    deadLetters: () => [...deadLetters],
    counts: (topic) => ({ ...counts(topic) }),
    settled: async () => void (await Promise.all([...deliveries])),
    async stop() {
      stopping.abort();
      await Promise.all(deliveries);
      await close(server);
    },
  };
}

const subscriptionOf = (
  { registryResourceId, endpointUrl, schema = 'EventGridSchema', ...rest }: SubscriptionOptions,
  subscriptionName: string,
): Subscription => ({
  topic: registryResourceId,
  subscriptionName: rest.name ?? subscriptionName,
  endpointUrl,
  schema,
  includedEventTypes: rest.includedEventTypes,
  retryPolicy: rest.retryPolicy ?? {},
  endpointType: rest.endpointType ?? 'WebHook',
  failures: 0,
  aloneUntil: 0,
});

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
