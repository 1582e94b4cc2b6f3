import type { KnownRegistry } from '../model/registry.ts';
import type { Ports } from '../ports/ports.ts';

export type ReachPorts = Pick<Ports, 'store' | 'queue' | 'registry' | 'engine'>;

/** Something that the app needs, and why it could not be reached; without an error it was. */
export interface Reached {
  name: 'tables' | 'queues' | 'registry' | 'runEngine';
  /** What was shown, in words. */
  good: string;
  error: Error | undefined;
}

const none = 'none';
const anyImage = `plinth.invalid/plinth-health:${none}`;
/** A run's id in the engine; whether there is such a run does not matter. */
const anyRun = 'ca1';

type Question = [name: Reached['name'], good: string, ask: () => Promise<unknown>];

/** Asks for the tables and queues once, as the app's identity. It changes nothing. */
export const storageReached = ({ store, queue }: ReachPorts): Promise<Reached[]> =>
  answersTo([
    [
      'tables',
      'can be read',
      () => Promise.all([store.presences(), store.imageEdges(anyImage), store.push(none)]),
    ],
    ['queues', 'can be reached', () => queue.reach()],
  ]);

/**
 * Asks a registry once, as the app's identity. It changes nothing.
 * @param hasRuns whether its run engine is asked too
 */
export const registryReached = (
  { name, loginServer }: KnownRegistry,
  { registry, engine }: ReachPorts,
  hasRuns: boolean,
): Promise<Reached[]> =>
  answersTo([
    ['registry', 'can be read', () => registry.reach(loginServer)],
    ...(hasRuns
      ? [['runEngine', 'tells of its runs', () => engine.run(name, anyRun)] satisfies Question]
      : []),
  ]);

const answersTo = (questions: Question[]): Promise<Reached[]> =>
  Promise.all(
    questions.map(async ([name, good, ask]) => ({
      name,
      good,
      error: await ask().then(
        () => undefined,
        (error) => (error instanceof Error ? error : new Error(String(error))),
      ),
    })),
  );
