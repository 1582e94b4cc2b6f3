import { z } from 'zod';
import { sha256Digest } from '../model/fields.ts';
import type { KnownRegistry } from '../model/registry.ts';
import type { Push } from '../model/state.ts';
import { eventGuid } from '../names/eventGuid.ts';
import { formatImageRef, ImageRefError, parseImageRef } from '../names/imageRef.ts';
import { isTooDeep, tooDeep } from '../names/jsonValue.ts';
import { canonicalHost } from '../names/registryHost.ts';

/** What both schemas have in common: Event Grid's own has eventType and topic, CloudEvents type and source. */
const RegistryEvent = z.object({
  id: z.string().min(1).max(1024),
  eventType: z.string().optional(),
  type: z.string().optional(),
  topic: z.string().optional(),
  source: z.string().optional(),
  data: z.object({
    timestamp: z.string(),
    action: z.string(),
    target: z.object({
      repository: z.string(),
      tag: z.string().optional(),
      digest: z.string().optional(),
    }),
    request: z.object({ host: z.string() }),
  }),
});

/** An event that is not taken, and why; with a kind where an operator should see it, as such an event is unexpected. */
export interface IgnoredEvent {
  ignored: string;
  kind?: 'schema' | 'unknownRegistry' | 'foreignTopic' | 'unreadable';
}

/** Old documents write the type without its first part. */
const pushedTypes = /^(Microsoft\.ContainerRegistry\.)?ImagePushed$/;

/**
 * An event as a push, or the reason why it is ignored: such an event is answered as accepted, as Event Grid would
 * send a refused one again. The registry must be one of the settings and the topic its resource, so that no foreign
 * event passes for its own.
 */
export function parseAcrEvent(event: unknown, registries: KnownRegistry[]): Push | IgnoredEvent {
  if (isTooDeep(event)) return { ignored: `it has ${tooDeep}`, kind: 'schema' };
  const parsed = RegistryEvent.safeParse(event);
  if (!parsed.success) return { ignored: 'it is not an event of a container registry', kind: 'schema' };
  const { id, data } = parsed.data;
  const type = parsed.data.eventType ?? parsed.data.type ?? '';
  if (!pushedTypes.test(type) || data.action !== 'push')
    return { ignored: `${type} (${data.action}) is no push` };
  const { repository, tag, digest } = data.target;
  if (!tag) return { ignored: `${repository} was pushed without a tag` };

  const host = canonicalHost(data.request.host);
  const registry = registries.find(({ loginServer }) => loginServer === host);
  if (!registry) return { ignored: `${host} is not a registry of the settings`, kind: 'unknownRegistry' };
  const topic = parsed.data.topic ?? parsed.data.source ?? '';
  if (topic.toLowerCase() !== registry.id.toLowerCase())
    return { ignored: `its topic is not ${registry.name}`, kind: 'foreignTopic' };

  const pushed = new Date(data.timestamp);
  if (!sha256Digest.safeParse(digest).success || Number.isNaN(pushed.getTime()))
    return { ignored: 'its digest or timestamp cannot be read', kind: 'unreadable' };
  try {
    const image = formatImageRef(parseImageRef(`${host}/${repository}:${tag}`));
    return { id: eventGuid(id), image, digest: digest!, timestamp: pushed.toISOString() };
  } catch (error) {
    if (error instanceof ImageRefError) return { ignored: error.message, kind: 'unreadable' };
    throw error;
  }
}
