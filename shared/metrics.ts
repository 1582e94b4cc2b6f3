/** What is measured. Names and attributes are what alerts and dashboards ask for; attributes have few values each. */
export const metrics = {
  pushes: { name: 'plinth.pushes', kind: 'counter', unit: '{push}', says: 'Pushes taken, by outcome' },
  ignored: {
    name: 'plinth.events.ignored',
    kind: 'counter',
    unit: '{event}',
    says: 'Events that are not for us, by reason',
  },
  decisions: {
    name: 'plinth.decisions',
    kind: 'counter',
    unit: '{decision}',
    says: 'What a push meant for a task, by verdict',
  },
  queueAge: { name: 'plinth.run.queue_age', kind: 'histogram', unit: 's', says: 'From queued to started' },
  runs: { name: 'plinth.runs', kind: 'counter', unit: '{run}', says: 'Ended runs, by result' },
  duration: { name: 'plinth.run.duration', kind: 'histogram', unit: 's', says: 'From started to ended' },
  staleness: {
    name: 'plinth.edge.staleness',
    kind: 'histogram',
    unit: 's',
    says: 'How long a base image was newer than what stands on it',
  },
} as const satisfies Record<string, Metric>;

export interface Metric {
  name: string;
  kind: 'counter' | 'histogram';
  unit: string;
  says: string;
}
