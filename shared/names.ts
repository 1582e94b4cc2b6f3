/** Names that the code, host.json and the infrastructure share. */
export const tables = { main: 'plinth', edges: 'plinthedges', pushes: 'plinthpushes' } as const;
export const queues = { start: 'plinth-start', follow: 'plinth-follow' } as const;
/** The prefix of the connection's settings, `PlinthStorage` or `PlinthStorage__queueServiceUri`. */
export const storageConnection = 'PlinthStorage';
export const imagePushedEvent = 'Microsoft.ContainerRegistry.ImagePushed';
/** With this a log line begins that an alert looks for: a base image moved and its tasks were not told. */
export const staleEdgeMessage = 'stale edge';
