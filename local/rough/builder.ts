import { readFile } from 'node:fs/promises';
import { type Executor, RunFailure } from '../runEngine/types.ts';
import type { Rough } from './rough.ts';

/** What only BuildKit takes, and what Docker's classic builder or ACR's scan says of it. */
const refusals: Array<[pattern: RegExp, message: string]> = [
  [/^\s*FROM\s+--platform=/im, 'failed to scan dependencies: unable to understand line'],
  [/^\s*RUN\s+--mount=/im, 'the --mount option requires BuildKit.'],
  [/^\s*(?:COPY|ADD)\s+(?:--\S+\s+)*--(?:chmod|link)\b/im, 'the --chmod option requires BuildKit.'],
  [/^\s*(?:RUN|COPY)\s.*<<-?["']?\w+/im, 'unknown instruction:'],
];

/** The executor as ACR's agent is one: Docker's classic builder, after a scan for dependencies that knows no options. */
export function classicBuilder(rough: Rough) {
  return (build: Executor): Executor =>
    async (work) => {
      const source = await work.source();
      const text = await readFile(source.dockerfile, 'utf8');
      const refused = refusals.find(([pattern]) => pattern.test(text));
      if (refused && rough.meets('classicBuilder')) throw new RunFailure(`failed to build: ${refused[1]}`);
      return build({ ...work, source: async () => source });
    };
}
