import type { Metric } from '../ports/telemetry.ts';

/** What is measured. Names and attributes are what alerts and dashboards ask for; attributes have few values each. */
export const metrics = {
  pushes: { name: 'plinth.pushes', kind: 'counter', unit: '{push}', says: 'Pushes taken, by outcome' },
  ignored: {
    name: 'plinth.events.ignored',
    kind: 'counter',
    unit: '{event}',
    says: 'Ignored events, by reason',
  },
  decisions: {
    name: 'plinth.decisions',
    kind: 'counter',
    unit: '{decision}',
    says: 'Decisions on a push for a task, by verdict',
  },
  queueAge: { name: 'plinth.run.queue_age', kind: 'histogram', unit: 's', says: 'From queued to started' },
  runs: { name: 'plinth.runs', kind: 'counter', unit: '{run}', says: 'Ended runs, by result' },
  duration: { name: 'plinth.run.duration', kind: 'histogram', unit: 's', says: 'From started to ended' },
  held: {
    name: 'plinth.edges.held',
    kind: 'histogram',
    unit: '{edge}',
    says: 'Tasks for which the newest digest of a base image is held, at each round',
  },
  heldAge: { name: 'plinth.edge.held_age', kind: 'histogram', unit: 's', says: 'The oldest of them' },
  staleness: {
    name: 'plinth.edge.staleness',
    kind: 'histogram',
    unit: 's',
    says: 'How long a base image was newer than its dependents',
  },
} as const satisfies Record<string, Metric>;
