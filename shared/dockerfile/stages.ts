import { type Args, applyGlobalArgs, type BuildArgs, predefinedArgs } from './globalArgs.ts';
import { parsePlatform } from './platform.ts';
import { newBudget } from './syntax/budget.ts';
import { checkLintOptions } from './syntax/directives.ts';
import { DockerfileError, DockerfileRefusal, onLine, quote } from './syntax/errors.ts';
import { type Assignment, type Instruction, type Name, readInstruction } from './syntax/instructions.ts';
import { parseNodes } from './syntax/nodes.ts';
import { expandWord, type LexOptions } from './syntax/words.ts';

export type Options = {
  buildArgs?: Record<string, string>;
  /** The stage to build; the last one where it is not given. */
  target?: string | undefined;
  /** What is built for; the build platform where it is not given. */
  platform?: string;
  /** What the build runs on. */
  buildPlatform?: string;
  /** Docker's classic builder builds every stage up to the target; BuildKit only those that the target needs. */
  builder?: 'classic' | 'buildkit';
};

type Stage = {
  name: string;
  /** The base as written, and what it expands to. */
  base: Name;
  image: string;
  commands: Instruction[];
  line: number;
};

export type Stages = { stages: Stage[]; lexer: LexOptions };

/** Reads a file into its stages, their base names expanded. */
export function readStages(dockerfile: string, options: Options): Stages {
  if (dockerfile === '') throw new DockerfileError(1, 'the file is empty');
  checkLintOptions(dockerfile);
  const budget = newBudget();
  const declared: { assignments: Assignment[]; line: number }[] = [];
  const stages: (Stage & { platform: string | undefined })[] = [];
  let escapeChar = '\\';
  for (const node of parseNodes(dockerfile, budget)) {
    const { line } = node.line;
    const instruction = readInstruction(node, budget);
    escapeChar = node.escapeChar;
    if (instruction.kind === 'from') {
      const { base, stage, platform } = instruction;
      stages.push({ name: stage, base, image: base.value, commands: [], line, platform });
    } else if (stages.length > 0) {
      if (instruction.kind !== 'other' && instruction.kind !== 'arg')
        stages.at(-1)!.commands.push(instruction);
    } else if (instruction.kind === 'arg') declared.push({ assignments: instruction.assignments, line });
    else throw new DockerfileError(line, `${node.name.toUpperCase()} stands before the first FROM`);
  }
  const last = stages.at(-1);
  if (last === undefined) throw new DockerfileError(1, 'the file has no FROM');

  const given: BuildArgs = options.buildArgs ?? {};
  const args = predefined(options, options.target || last.name, given);
  applyGlobalArgs(args, declared, given, { escapeChar, budget });
  const lexer: LexOptions = { escapeChar, budget, lookUp: (name) => args.get(name) };
  for (const stage of stages) onLine(stage.line, () => expandStage(stage, lexer));
  return { stages, lexer };
}

function predefined(options: Options, targetStage: string, given: BuildArgs): Args {
  return onLine(1, () => {
    const build = parsePlatform(options.buildPlatform || 'linux/amd64');
    const target = options.platform ? parsePlatform(options.platform) : build;
    return predefinedArgs(build, target, targetStage, given);
  });
}

function expandStage(stage: Stage & { platform: string | undefined }, lexer: LexOptions): void {
  stage.image = expandWord(stage.base.value, lexer);
  if (stage.image === '')
    throw new DockerfileRefusal(`the base name ${quote(stage.base.value)} expands to nothing`);
  if (stage.platform === undefined) return;
  const platform = expandWord(stage.platform, lexer);
  if (platform === '')
    throw new DockerfileRefusal(`the platform ${quote(stage.platform)} expands to nothing`);
  parsePlatform(platform);
}
