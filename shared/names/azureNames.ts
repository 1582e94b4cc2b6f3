/** Names that the code, host.json and the infrastructure share. */
export const tables = { main: 'plinth', edges: 'plinthedges', pushes: 'plinthpushes' } as const;
export const messageQueue = 'plinth-start';
/** The prefix of the connection's settings, `PlinthStorage` or `PlinthStorage__queueServiceUri`. */
export const storageConnection = 'PlinthStorage';
export const imagePushedEvent = 'Microsoft.ContainerRegistry.ImagePushed';
/** The prefix of a log line that an alert looks for: a base image moved without an event. */
export const staleEdgeMessage = 'stale edge';
/** The prefix of a log line that telemetry counts: tasks for which a base image is held. */
export const heldEdgesMessage = 'held edges';
