import { formatImageRef, ImageRefError, parseImageRef } from '../imageRef.ts';
import { DockerfileError, onLine, quote, Refusal } from './errors.ts';
import { atoi, toLower } from './goText.ts';
import type { Instruction, Name } from './instructions.ts';
import type { Options, Stages } from './stages.ts';
import { readTrigger } from './triggers.ts';
import { expandWord, type LexOptions } from './words.ts';

/** A stage, or an image that COPY --from or a mount names without a stage. */
export type State = {
  /** The stage that it is FROM; undefined where it is FROM an image, or from scratch. */
  base?: State;
  /** The whole image reference, where it is FROM an image. */
  image?: string;
  /** Where the image is named. */
  site: Name;
  commands: Instruction[];
  dependencies: Set<State>;
  index: number;
  /** The first name of a stage that is not built yet when this one needs it. */
  usesLater?: Name;
};

export type Graph = { target: State; needed: State[] };

// BuildKit runs every trigger of a stage in every stage that is FROM it: the square of the file's length, at worst.
const mostTriggers = 50_000;

/** Finds what the target needs: its bases, what it copies from and mounts, and what theirs need. */
export function buildGraph({ stages, lexer }: Stages, options: Options): Graph {
  const states: State[] = [];
  const byName = new Map<string, State>();

  const add = (image: string, site: Name, commands: Instruction[] = []): State => {
    const base = byName.get(image);
    const state: State = { site, commands, dependencies: new Set(), index: states.length };
    states.push(state);
    if (base !== undefined) state.base = base;
    else if (image !== 'scratch') state.image = onLine(site.line.line, () => normalize(image));
    return state;
  };
  const stageAt = (index: number): State => {
    const found = states[index];
    if (found === undefined) throw new Refusal(`there is no stage ${index}`);
    return found;
  };
  const stageOrImage = (name: Name, user: State): State => {
    const found = byName.get(toLower(name.value));
    if (found !== undefined && found.index > user.index && !name.isImplied) user.usesLater ??= name;
    return found ?? add(name.value, name);
  };
  const depend = (state: State, command: Instruction): void => {
    for (const source of sourcesOf(command, lexer)) {
      state.dependencies.add(typeof source === 'number' ? stageAt(source) : stageOrImage(source, state));
    }
  };

  for (const stage of stages) {
    const state = add(stage.image, stage.base, stage.commands);
    if (stage.name !== '') byName.set(stage.name, state);
  }
  const target = options.target ? byName.get(toLower(options.target)) : states.at(-1);
  if (target === undefined) throw new DockerfileError(1, `there is no stage ${quote(options.target ?? '')}`);

  for (const state of states.slice()) {
    for (const command of state.commands) onLine(lineOf(command), () => depend(state, command));
  }
  refuseCycles(states);

  const needed = new Set<State>();
  let triggers = 0;
  for (let fresh = reach([target], needed); fresh.length > 0; ) {
    const before = fresh.sort((one, other) => one.index - other.index);
    for (const state of before) {
      for (const command of state.base?.commands ?? []) {
        if (command.kind !== 'onbuild') continue;
        const { line } = command.node.line;
        if (++triggers > mostTriggers)
          throw new DockerfileError(line, `more than ${mostTriggers} triggers would run`);
        onLine(line, () => depend(state, readTrigger(command.node, lexer.budget)));
      }
    }
    fresh = reach(
      before.flatMap((state) => [...state.dependencies]),
      needed,
    );
  }
  refuseLaterStages(needed);
  return { target, needed: [...needed] };
}

/** A whole reference, as every registry is asked for it. */
function normalize(image: string): string {
  try {
    return formatImageRef(parseImageRef(image));
  } catch (error) {
    if (error instanceof ImageRefError) throw new Refusal(error.message, { cause: error });
    throw error;
  }
}

/** What an instruction takes files from: names, or the number of a stage. */
function sourcesOf(command: Instruction, lexer: LexOptions): (Name | number)[] {
  if (command.kind === 'run') return command.mounts;
  if (command.kind !== 'copy' || command.from === undefined) return [];
  const { value } = command.from;
  if (expandWord(value, { ...lexer, valueOf: () => undefined }) !== value) {
    throw new Refusal(`--from takes no variable (${quote(value)}); name a stage with FROM instead`);
  }
  return [atoi(value) ?? command.from];
}

function lineOf(command: Instruction): number {
  return (command.kind === 'copy' && command.from?.line.line) || 1;
}

/** Adds all that these states stand on, and gives those that were not known before. */
function reach(from: State[], known: Set<State>): State[] {
  const fresh: State[] = [];
  const open = [...from];
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    if (known.has(state)) continue;
    known.add(state);
    fresh.push(state);
    if (state.base !== undefined) open.push(state.base);
    open.push(...state.dependencies);
  }
  return fresh;
}

/** Only through dependencies: BuildKit does not follow FROM here. */
function refuseCycles(states: State[]): void {
  const done = new Set<State>();
  for (const start of states) {
    const path = new Map([[start, start.dependencies.values()]]);
    const open = done.has(start) ? [] : [start];
    while (open.length > 0) {
      const state = open.at(-1)!;
      const next = path.get(state)!.next();
      if (next.done) {
        path.delete(state);
        done.add(state);
        open.pop();
      } else if (path.has(next.value)) {
        throw new DockerfileError(state.site.line.line, 'the stage depends on itself');
      } else if (!done.has(next.value)) {
        path.set(next.value, next.value.dependencies.values());
        open.push(next.value);
      }
    }
  }
}

function refuseLaterStages(needed: Set<State>): void {
  for (const { usesLater } of needed) {
    if (usesLater === undefined) continue;
    throw new DockerfileError(usesLater.line.line, `stage ${quote(usesLater.value)} comes later`);
  }
}
