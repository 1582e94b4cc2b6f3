import { type DockerfilePlatform, formatPlatform, formatWholePlatform } from './platform.ts';
import type { Budget } from './syntax/budget.ts';
import { onLine } from './syntax/errors.ts';
import type { Assignment } from './syntax/instructions.ts';
import { expandWord } from './syntax/words.ts';

export type Args = Map<string, string>;
export type BuildArgs = Record<string, string>;

/** The arguments that exist without an ARG. A build argument replaces any of them. */
export function predefinedArgs(
  build: DockerfilePlatform,
  target: DockerfilePlatform,
  stage: string,
  given: BuildArgs,
): Args {
  const args: Args = new Map([
    ['BUILDPLATFORM', formatPlatform(build)],
    ['BUILDOS', build.os],
    ['BUILDOSVERSION', build.osVersion],
    ['BUILDARCH', build.arch],
    ['BUILDVARIANT', build.variant],
    ['TARGETPLATFORM', formatWholePlatform(target)],
    ['TARGETOS', target.os],
    ['TARGETOSVERSION', target.osVersion],
    ['TARGETARCH', target.arch],
    ['TARGETVARIANT', target.variant],
    ['TARGETSTAGE', stage === '' ? 'default' : stage],
  ]);
  for (const name of args.keys()) if (Object.hasOwn(given, name)) args.set(name, given[name]!);
  return args;
}

/** Applies the ARGs above the first FROM: a build argument wins, unexpanded; a later ARG replaces an earlier one. */
export function applyGlobalArgs(
  args: Args,
  declared: { assignments: Assignment[]; line: number }[],
  given: BuildArgs,
  { escapeChar, budget }: { escapeChar: string; budget: Budget },
): void {
  const lookUp = (name: string) => args.get(name);
  for (const { assignments, line } of declared) {
    for (const { name, value } of assignments) {
      if (Object.hasOwn(given, name)) args.set(name, given[name]!);
      else if (value !== undefined) {
        args.set(
          name,
          onLine(line, () => expandWord(value, { escapeChar, lookUp, budget })),
        );
      }
    }
  }
}
