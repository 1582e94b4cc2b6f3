/** Where Azure is rougher than the stack by itself. */
type Outside = 'registry' | 'identity' | 'engine' | 'storage' | 'events' | 'host';

interface Roughness {
  outside: Outside;
  /** The sentence, or the sense, of the source. */
  imitates: string;
  source: string;
  /** What one of its count is. */
  counts: string;
  /** How many of 1,000 occasions it meets. */
  share: number;
}

/** Every roughness there is. Durations in the sentences are Azure's; the stack scales them (rough.ts). */
export const roughnesses = {
  replicaLag: {
    outside: 'registry',
    imitates:
      'A replica resolves a tag to the digest of before, for minutes: replication is eventually consistent.',
    source: 'Microsoft Learn, container-registry-geo-replication, "Consistency model"',
    counts: 'read of a tag that told of before',
    share: 400,
  },
  digestNotThere: {
    outside: 'registry',
    imitates:
      'A digest that was just pushed is `manifest unknown` at a replica until replication catches up.',
    source: 'Microsoft Learn, container-registry-geo-replication, "Consistency model"',
    counts: 'read of a digest that was not there yet',
    share: 300,
  },
  untaggedPurged: {
    outside: 'registry',
    imitates: 'A retention policy of 0 days deletes a manifest as soon as no tag names it.',
    source: 'Microsoft Learn, container-registry-retention-policy',
    counts: 'digest deleted',
    share: 1000,
  },
  registryThrottle: {
    outside: 'registry',
    imitates:
      'An identity reads so often a minute; then 429, with a Retry-After that counts down to the next.',
    source: 'Microsoft Learn, container-registry-skus, "Registry throttling"',
    counts: 'request refused',
    share: 1000,
  },
  registryTokensEnd: {
    outside: 'registry',
    imitates: 'An access token is good for 75 minutes, a refresh token for three hours.',
    source: 'Azure/acr, docs/AAD-OAuth.md',
    counts: 'token that was given with a scaled life',
    share: 1000,
  },
  lateRoles: {
    outside: 'identity',
    imitates: 'A role assignment takes a few minutes until it counts.',
    source: 'Microsoft Learn, container-registry-rbac-abac-repository-permissions',
    counts: 'question answered as if the role was not there',
    share: 1000,
  },
  identityBusy: {
    outside: 'identity',
    imitates: 'The identity endpoint answers 429 or 500 and is to be asked again, later each time.',
    source: 'Microsoft Learn, managed-identities-azure-resources how-to-use-vm-token, "Error handling"',
    counts: 'request refused',
    share: 300,
  },
  engineBusy: {
    outside: 'engine',
    imitates: 'Resource Manager answers 429 or 500 and has not passed the request on.',
    source: 'Microsoft Learn, azure-resource-manager async-operations and common-deployment-errors',
    counts: 'request refused',
    share: 60,
  },
  lateRun: {
    outside: 'engine',
    imitates:
      'A start is taken, and for up to 150 s there is no run: scheduleRun’s Location answers 202, a taskRun has no runResult.',
    source: 'Azure/azure-rest-api-specs, registries/scheduleRun and taskRuns, x-ms-long-running-operation',
    counts: '202',
    share: 500,
  },
  runNotThere: {
    outside: 'engine',
    imitates: 'A run that was just taken is 404 for seconds.',
    source: 'Microsoft Learn, resource-manager troubleshooting, "Error not found"',
    counts: '404',
    share: 500,
  },
  engineAnswerLost: {
    outside: 'engine',
    imitates: 'A request is carried out and its answer never arrives.',
    source: 'RFC 9110, section 9.2.2, on repeating requests that are not idempotent',
    counts: 'answer lost',
    share: 40,
  },
  logAddressEnds: {
    outside: 'engine',
    imitates: 'The signed address of a log ends after 70 minutes.',
    source: 'Azure/azure-cli#28151, `se` against `skt` of the address shown',
    counts: 'read refused',
    share: 1000,
  },
  engineThrottle: {
    outside: 'engine',
    imitates:
      'Resource Manager refills a bucket of 250 reads by 25 a second, of 200 writes by 10; then 429 and Retry-After.',
    source: 'Microsoft Learn, azure-resource-manager request-limits-and-throttling',
    counts: 'request refused',
    share: 1000,
  },
  classicBuilder: {
    outside: 'engine',
    imitates: 'Builds run with DOCKER_BUILDKIT=0, and the scan for dependencies fails on an option of FROM.',
    source: 'Azure/acr-builder, builder/builder.go and scan/dependencies.go; Azure/acr#721 and #697',
    counts: 'build refused',
    share: 1000,
  },
  storageBusy: {
    outside: 'storage',
    imitates: 'A table or a queue answers 503 ServerBusy, and has done nothing.',
    source: 'Microsoft Learn, storage common REST error codes',
    counts: '503',
    share: 20,
  },
  storageTimedOut: {
    outside: 'storage',
    imitates: 'A write answers 500 OperationTimedOut, and may have been carried out.',
    source: 'Microsoft Learn, storage common REST error codes',
    counts: '500 after it was carried out',
    share: 15,
  },
  storageAnswerLost: {
    outside: 'storage',
    imitates: 'A write is carried out and the connection ends before its answer.',
    source:
      'Microsoft Learn, storage retry guidance: a client must take a conflict after a retry for its own write',
    counts: 'answer lost',
    share: 15,
  },
  partitionBusy: {
    outside: 'storage',
    imitates: 'A table partition takes 2,000 entities a second; then 503.',
    source: 'Microsoft Learn, storage tables scalability-targets',
    counts: '503',
    share: 1000,
  },
  messageStuck: {
    outside: 'storage',
    imitates:
      'A message that was taken is not handled, and can be seen again only after the ten minutes of its lease.',
    source: 'Azure/azure-webjobs-sdk, QueueListener.cs; Azure/azure-functions-host#10373',
    counts: 'batch taken and lost',
    share: 20,
  },
  eventLate: {
    outside: 'events',
    imitates: 'An event comes minutes late, and so in another order.',
    source: 'Microsoft Learn, event-grid delivery-and-retry: no order is guaranteed',
    counts: 'event held back',
    share: 300,
  },
  eventTwice: {
    outside: 'events',
    imitates: 'An event is delivered at least once.',
    source: 'Microsoft Learn, event-grid delivery-and-retry, "at least once"',
    counts: 'event sent again',
    share: 200,
  },
  eventNever: {
    outside: 'events',
    imitates: 'An event never comes: a subscription that was deleted, a dead letter, a region that failed.',
    source: 'Microsoft Learn, event-grid geo-disaster-recovery',
    counts: 'event lost',
    share: 30,
  },
  eventOfReplica: {
    outside: 'events',
    imitates: 'A push to a replica tells of its own host, `NAME.REGION.geo.azurecr.io`.',
    source: 'Microsoft Learn, container-registry-event-grid-quickstart and dedicated-data-endpoints',
    counts: 'event under the host of a replica',
    share: 300,
  },
  eventUnanswered: {
    outside: 'host',
    imitates:
      'Event Grid waits 30 s for an answer; then the event comes again, while the function may go on with it.',
    source: 'Microsoft Learn, event-grid delivery-and-retry, "Retry schedule"',
    counts: 'event that the app got and whose sender was answered 504',
    share: 50,
  },
  hostSleeps: {
    outside: 'host',
    imitates:
      'An app with nothing to do goes to zero instances; what comes then waits up to 60 s for the first one.',
    source: 'Microsoft Learn, flex-consumption-plan, "Always ready instances"; Azure/Azure-Functions#2581',
    counts: 'sleep',
    share: 60,
  },
  hostDrains: {
    outside: 'host',
    imitates:
      'An instance is replaced: the next takes work while the one before ends what it has begun, and takes no more.',
    source: 'Microsoft Learn, event-driven-scaling, "Scale-in behaviors"',
    counts: 'instance replaced',
    share: 30,
  },
  functionTimedOut: {
    outside: 'host',
    imitates: 'A function past functionTimeout is ended with its worker, and with all else that runs in it.',
    source:
      'Microsoft Learn, functions-host-json, "functionTimeout"; Azure/azure-functions-host, WebScriptHostExceptionHandler.cs',
    counts: 'worker ended within 100 ms of the beginning of a function',
    share: 4,
  },
  timersStop: {
    outside: 'host',
    imitates: 'Timers stand still for an hour, and all else of the app works.',
    source: 'Azure/azure-functions-host#11828',
    counts: 'hour begun, in which no timer runs',
    share: 20,
  },
} as const satisfies Record<string, Roughness>;

export type RoughnessName = keyof typeof roughnesses;
