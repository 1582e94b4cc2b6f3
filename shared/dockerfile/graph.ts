import { formatImageRef, ImageRefError, parseImageRef } from '../names/imageRef.ts';
import { readTrigger } from './onbuild.ts';
import type { Options, Stages } from './stages.ts';
import { DockerfileError, DockerfileRefusal, onLine, quote } from './syntax/errors.ts';
import { atoi, toLower } from './syntax/goText.ts';
import type { Instruction, Name } from './syntax/instructions.ts';
import { expandWord, type LexOptions, noVariables } from './syntax/words.ts';

/** A stage, or an image that COPY --from or a mount names without a stage. */
export type State = {
  /** The stage that it is FROM; undefined where it is FROM an image, or from scratch. */
  base?: State;
  /** The whole image reference, where it is FROM an image. */
  image?: string;
  /** Where the image is named. */
  site: Name;
  commands: Instruction[];
  dependencies: State[];
  index: number;
  /** The first name of a stage that is not built yet when this one needs it. */
  usesLater?: Name;
};

export type Graph = { target: State; needed: State[] };

type Trigger = Extract<Instruction, { kind: 'onbuild' }>;

const noCommands: Instruction[] = [];

// BuildKit runs every trigger of a stage in every stage that is FROM it: the square of the file's length, at worst.
const maxTriggers = 50_000;

/**
 * Finds what the target needs: its bases, what it copies from and mounts, and what theirs need. The classic builder
 * needs the stages before the target too.
 */
export function buildGraph({ stages, lexer }: Stages, options: Options): Graph {
  const { states, stageNamed, depend } = createStates(lexer, stages);
  const target = options.target ? stageNamed(options.target) : states.at(-1);
  if (target === undefined) throw new DockerfileError(1, `there is no stage ${quote(options.target ?? '')}`);
  for (const state of states.slice()) {
    for (const command of state.commands) onLine(lineOf(command), () => depend(state, command));
  }
  refuseCycles(states);
  const built = options.builder === 'classic' ? states.slice(0, target.index + 1) : [target];
  const needed = reachWithTriggers(built, (state, { node }) =>
    onLine(node.line.line, () => depend(state, readTrigger(node, lexer.budget))),
  );
  refuseLaterStages(needed);
  return { target, needed: [...needed] };
}

/** The states of a file's stages; `depend` notes what an instruction takes files from, with a state for each image. */
function createStates(lexer: LexOptions, stages: Stages['stages']) {
  const states: State[] = [];
  const byName = new Map<string, State>();
  const references = new Map<string, string>();

  const add = (image: string, site: Name, commands = noCommands): State => {
    const base = byName.get(image);
    const state: State = { site, commands, dependencies: [], index: states.length };
    states.push(state);
    if (base !== undefined) state.base = base;
    else if (image !== 'scratch')
      state.image = onLine(site.line.line, () => normalize(image, site, references));
    return state;
  };
  const stageAt = (index: number): State => {
    const found = states[index];
    if (found === undefined) throw new DockerfileRefusal(`there is no stage ${index}`);
    return found;
  };
  const stageNamed = (name: string) => byName.get(toLower(name));
  const stageOrImage = (name: Name, user: State): State => {
    const found = stageNamed(name.value);
    if (found !== undefined && found.index > user.index && !name.isImplied) user.usesLater ??= name;
    return found ?? add(name.value, name);
  };
  const depend = (state: State, command: Instruction): void => {
    for (const source of sourcesOf(command, lexer)) {
      state.dependencies.push(typeof source === 'number' ? stageAt(source) : stageOrImage(source, state));
    }
  };

  for (const stage of stages) {
    const state = add(stage.image, stage.base, stage.commands);
    if (stage.name !== '') byName.set(stage.name, state);
  }
  return { states, stageNamed, depend };
}

/** All that is needed to build these states, each of which runs the ONBUILD triggers of the stage that it is FROM. */
function reachWithTriggers(built: State[], run: (state: State, trigger: Trigger) => void): Set<State> {
  const needed = new Set<State>();
  let triggers = 0;
  for (let fresh = reach(built, needed); fresh.length > 0; ) {
    fresh.sort((one, other) => one.index - other.index);
    for (const state of fresh) {
      for (const command of state.base?.commands ?? []) {
        if (command.kind !== 'onbuild') continue;
        triggers++;
        if (triggers > maxTriggers)
          throw new DockerfileError(command.node.line.line, `over ${maxTriggers} triggers would run`);
        run(state, command);
      }
    }
    const dependencies = fresh.flatMap((state) => state.dependencies);
    fresh = reach(dependencies, needed);
  }
  return needed;
}

/** A whole reference, as every registry is asked for it. A file often names one image very many times. */
function normalize(image: string, { value }: Name, known: Map<string, string>): string {
  try {
    const reference = known.get(image) ?? formatImageRef(parseImageRef(image));
    known.set(image, reference);
    return reference;
  } catch (error) {
    if (!(error instanceof ImageRefError)) throw error;
    const origin = value === image ? '' : ` (${quote(value)} expands to it)`;
    throw new DockerfileRefusal(error.message + origin, { cause: error });
  }
}

/** What an instruction takes files from: names, or the number of a stage. */
function sourcesOf(command: Instruction, lexer: LexOptions): (Name | number)[] {
  if (command.kind === 'run') return command.mounts;
  if (command.kind !== 'copy') return [];
  const { value } = command.from;
  if (expandWord(value, { ...lexer, lookUp: noVariables }) !== value) {
    throw new DockerfileRefusal(`--from takes no variable (${quote(value)}); name a stage with FROM instead`);
  }
  return [atoi(value) ?? command.from];
}

function lineOf(command: Instruction): number {
  return command.kind === 'copy' ? command.from.line.line : 1;
}

/** Adds all dependencies of these states, and returns those that were not in the set before. */
function reach(from: State[], known: Set<State>): State[] {
  const fresh: State[] = [];
  const open = [...from];
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    if (known.has(state)) continue;
    known.add(state);
    fresh.push(state);
    if (state.base !== undefined) open.push(state.base);
    for (const dependency of state.dependencies) open.push(dependency);
  }
  return fresh;
}

/** Only through dependencies: BuildKit does not follow FROM here. */
function refuseCycles(states: State[]): void {
  const done = new Set<State>();
  for (const start of states) {
    if (done.has(start) || start.dependencies.length === 0) continue;
    const onPath = new Set([start]);
    const open = [{ state: start, next: 0 }];
    for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
      const dependency = top.state.dependencies[top.next++];
      if (dependency === undefined) {
        onPath.delete(top.state);
        done.add(top.state);
        open.pop();
      } else if (onPath.has(dependency)) {
        throw new DockerfileError(dependency.site.line.line, 'the stage depends on itself');
      } else if (dependency.dependencies.length > 0 && !done.has(dependency)) {
        onPath.add(dependency);
        open.push({ state: dependency, next: 0 });
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
