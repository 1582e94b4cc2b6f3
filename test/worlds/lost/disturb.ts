import { RegistryError } from '../../../shared/ports/registry.ts';
import { RunEngineError } from '../../../shared/ports/runEngine.ts';
import { SourceControlError } from '../../../shared/ports/sourceControl.ts';
import { ConflictError } from '../../../shared/ports/store.ts';
import { inject, type World } from '../world.ts';

/** What becomes of one call. */
export const manners = [
  'carried out, and its answer is lost',
  'carried out, and its second try meets the first',
  'not carried out',
  'carried out twice',
] as const;
export type Manner = (typeof manners)[number];

/** A port's calls that change nothing; every other call is walked, those included that a port is given later. */
const reads: Record<string, string[]> = {
  store: [
    ...[
      'task',
      'tasks',
      'state',
      'states',
      'statesWithTimers',
      'webhook',
      'webhooks',
      'dueWebhooks',
      'delivery',
    ],
    ...[
      'run',
      'runs',
      'pace',
      'places',
      'decisions',
      'imageEdges',
      'producers',
      'statesOf',
      'runsOf',
      'pushProgress',
      'sightings',
      'judgements',
      'push',
      'pushesOf',
      'scan',
      'ignored',
    ],
  ],
  registry: ['digestOf', 'imagesOf', 'contentsOf'],
  queue: [],
  engine: [],
  sourceControl: [],
};
/** Conditional on a version, so that the storage's own client, trying again, meets what it wrote. */
const conditional = ['commit', 'putScan', 'putSightings', 'putJudgements'];

const answerLost: Record<string, () => Error> = {
  store: () => new Error('the storage did not answer'),
  queue: () => new Error('the queue did not answer'),
  engine: () => new RunEngineError('the engine did not answer', { transient: true }),
  registry: () => new RegistryError('Unreachable', 'the registry did not answer'),
  sourceControl: () => new SourceControlError('the git host did not answer', { transient: true }),
};

export interface Walk {
  /** `engine.schedule`, in the order in which they were made. */
  calls: string[];
  /** Messages that were sent. */
  messages: number;
}

/** Whether a call can come to that. */
export const canBe = (call: string, manner: Manner) =>
  conditional.includes(call.split('.')[1]!)
    ? manner !== 'carried out twice'
    : manner !== 'carried out, and its second try meets the first';

/** From now on the calls of a world are counted, and the one of a number, from 1, meets what it is to meet. */
export function disturb(world: World, number: number, manner: Manner): Walk {
  const walk: Walk = { calls: [], messages: 0 };
  for (const [port, left] of Object.entries(reads)) {
    const methods = world.ports[port as 'store'] as unknown as Record<
      string,
      (...args: unknown[]) => Promise<unknown>
    >;
    const walked = Object.entries(methods).filter(
      ([name, member]) => typeof member === 'function' && !left.includes(name),
    );
    for (const [name, method] of walked)
      methods[name] = async (...args) => {
        walk.calls.push(`${port}.${name}`);
        if (port === 'queue') walk.messages += Array.isArray(args[0]) ? args[0].length : 1;
        if (walk.calls.length !== number) return method(...args);
        if (manner === 'not carried out') throw inject(answerLost[port]!());
        await method(...args);
        if (manner === 'carried out twice') return method(...args);
        throw inject(
          manner === 'carried out, and its answer is lost'
            ? answerLost[port]!()
            : new ConflictError('the second try met the first'),
        );
      };
  }
  return walk;
}
