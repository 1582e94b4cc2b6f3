import { type EventGridEvent, formatEventTime } from './events.ts';

/** The registry of a system topic. */
export interface Topic {
  /** ARM resource id of the registry: the events' topic, or source. */
  registryResourceId: string;
  /** `NAME.azurecr.io`: the events' request.host, wherever the registry's socket is. */
  loginServer: string;
  /** Azure region, such as `westeurope`. */
  location: string;
}

/**
 * One event of a docker-registry notification (`application/vnd.docker.distribution.events.v1+json`), as far as used.
 */
export interface RegistryNotification {
  id: string;
  timestamp: string;
  action: string;
  target?: {
    mediaType?: string;
    size?: number;
    length?: number;
    digest?: string;
    repository?: string;
    tag?: string;
  };
  request?: { id?: string; method?: string; useragent?: string };
}

const manifestTypes = new Set([
  'application/vnd.docker.distribution.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v1+prettyjws',
  'application/vnd.docker.distribution.manifest.v2+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.oci.image.index.v1+json',
]);

/**
 * What Azure Container Registry would publish for one registry notification: ImagePushed for a pushed manifest or
 * index, ImageDeleted for a deleted digest; undefined for all else (layers, mounts, pulls, and the second,
 * digest-less delete that docker-registry sends for each tag). Shapes: Microsoft's samples of the 2018-01-01
 * data-plane, data version 2.0.
 * @param now when the event is published
 */
export function toRegistryEvent(
  notification: RegistryNotification,
  topic: Topic,
  now: Date,
): EventGridEvent | undefined {
  const { id, timestamp, action, target, request } = notification;
  if (!target?.repository || !target.digest) return undefined;
  const isPush = action === 'push' && manifestTypes.has(target.mediaType ?? '');
  if (!isPush && action !== 'delete') return undefined;
  const { mediaType, size, length, digest, repository, tag } = target;
  const data = {
    id,
    timestamp,
    action,
    location: topic.location,
    target: given(
      isPush ? { mediaType, size, digest, length, repository, tag } : { mediaType, digest, repository },
    ),
    request: given({
      id: request?.id,
      host: topic.loginServer,
      method: request?.method,
      useragent: request?.useragent,
    }),
  };
  return {
    id,
    topic: topic.registryResourceId,
    subject: isPush && tag ? `${repository}:${tag}` : repository,
    eventType: `Microsoft.ContainerRegistry.${isPush ? 'ImagePushed' : 'ImageDeleted'}`,
    data,
    dataVersion: '2.0',
    metadataVersion: '1',
    eventTime: formatEventTime(now),
  };
}

/** Without the fields that have no value. */
function given(object: object): object {
  return Object.fromEntries(
    Object.entries(object).filter(([, value]) => value !== undefined && value !== ''),
  );
}
