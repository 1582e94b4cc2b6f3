import { isScalar, isSeq } from 'yaml';
import { parseBuildCommand } from './buildCommand.ts';
import { defaultRetryDelay, type StepCommon, type TaskFileStep } from './model.ts';
import {
  booleanOf,
  type EnvironmentEntry,
  environmentOf,
  type NodePosition,
  propertiesOf,
  type Told,
  textOf,
  textsOf,
  wholeNumberOf,
} from './nodes.ts';
import { optionNames, optionsOf } from './options.ts';
import type { Ordered } from './order.ts';
import { parseRunCommand } from './runCommand.ts';
import { TaskFileError } from './template/errors.ts';
import { splitCommand } from './words.ts';

const kinds = ['build', 'push', 'cmd'] as const;
const known = [
  ...kinds,
  'id',
  'when',
  'timeout',
  'startDelay',
  'retries',
  'retryDelay',
  'repeat',
  'ignoreErrors',
  'env',
  'workingDirectory',
  'disableWorkingDirectoryOverride',
  'entryPoint',
  'user',
  'pull',
  ...optionNames,
];

/** The task's defaults for all of its steps. */
export interface StepDefaults {
  timeout: number;
  env: EnvironmentEntry[];
  workingDirectory: string | undefined;
  /** Names of images for the first word of a `cmd`. */
  images: Record<string, string>;
}

/** A step before its order is resolved. */
type UnorderedStep = Ordered & { step(after: string[]): TaskFileStep };

/**
 * Reads one entry of `steps`.
 * @param at its place in the list, from 0: its id is `acb_step_{at}` where it has none
 * @throws TaskFileError
 */
export function readStep(place: NodePosition, at: number, defaults: StepDefaults, told: Told): UnorderedStep {
  const properties = propertiesOf(place, known, told);
  const { line } = place;
  const id = idOf(properties.get('id'), at);
  const { of, number, seconds, flag, text } = propertyReaders(properties, id);
  const kind = kindOf(properties, id, line);
  const own = of('env');
  const ownEnv = own ? environmentOf(own, told) : [];
  const workingDirectory = text('workingDirectory') || defaults.workingDirectory;
  const common: Omit<StepCommon, 'after'> = {
    id,
    line,
    timeout: seconds('timeout') || defaults.timeout,
    startDelay: seconds('startDelay'),
    retries: number('retries'),
    retryDelay: seconds('retryDelay') || defaultRetryDelay,
    repeat: number('repeat'),
    ignoreErrors: flag('ignoreErrors'),
    env: [...ownEnv, ...defaults.env.filter(({ name }) => !ownEnv.some((entry) => entry.name === name))],
    ...(workingDirectory !== undefined && { workingDirectory }),
    options: optionsOf(of, told),
  };
  const body = bodyOf(kind, { ...properties.get(kind)!, what: `${kind} of step ${id}` }, defaults, told);
  const when = of('when');
  // Read of every step, as the engine does, though only a cmd has a use for them.
  const ofCmd = {
    disableWorkingDirectoryOverride: flag('disableWorkingDirectoryOverride'),
    pull: flag('pull'),
    ...optional('entryPoint', text('entryPoint')),
    ...optional('user', text('user')),
  };
  const cmdOnly = body.kind === 'cmd' ? ofCmd : {};
  return {
    id,
    line,
    when: when && textsOf(when, told),
    step: (after) => ({ ...common, after, ...body, ...cmdOnly }) as TaskFileStep,
  };
}

type Properties = ReturnType<typeof propertiesOf>;

function idOf(place: NodePosition | undefined, at: number): string {
  const id = (place && textOf(place)) || `acb_step_${at}`;
  if (/\s/.test(id)) throw new TaskFileError(place!.line, 'the id of a step holds no blanks.');
  if (id === 'acb_root') throw new TaskFileError(place!.line, 'the id acb_root is reserved.');
  return id;
}

/** How to read a property of a step as what it is to be; errors name the property and the step. */
function propertyReaders(properties: Properties, id: string) {
  const of = (name: string): NodePosition | undefined => {
    const found = properties.get(name);
    return found && { ...found, what: `${name} of step ${id}` };
  };
  return {
    of,
    number(name: string) {
      const found = of(name);
      return found ? wholeNumberOf(found, 0) : 0;
    },
    // The engine takes what is not above 0 for what it takes without it.
    seconds(name: string) {
      const found = of(name);
      return found ? Math.max(0, wholeNumberOf(found, undefined, 'seconds')) : 0;
    },
    flag(name: string) {
      const found = of(name);
      return found ? booleanOf(found) : false;
    },
    text(name: string) {
      const found = of(name);
      return found && textOf(found);
    },
  };
}

/** The one thing that a step does. */
function kindOf(properties: Properties, id: string, line: number): (typeof kinds)[number] {
  const present = kinds.filter((kind) => properties.has(kind));
  const said = present.filter((kind) => !isEmptyBody(properties.get(kind)!));
  const given = said.length > 0 ? said : present;
  const [first, second] = given;
  if (first === undefined) throw new TaskFileError(line, `step ${id} has none of build, push and cmd.`);
  if (second === undefined) return first;
  throw new TaskFileError(
    properties.get(second)!.line,
    `step ${id} has ${given.join(' and ')}; a step does one of them.`,
  );
}

const optional = (name: string, value: string | undefined) => (value === undefined ? {} : { [name]: value });

/** What the engine takes for a property that is not there. */
const isEmptyBody = ({ node }: NodePosition) =>
  isSeq(node) ? node.items.length === 0 : isScalar(node) && node.value === '';

function bodyOf(
  kind: (typeof kinds)[number],
  place: NodePosition & { what: string },
  defaults: StepDefaults,
  told: Told,
) {
  const { what } = place;
  if (kind === 'push') {
    const push = textsOf(place, told).map(({ text }) => text);
    if (push.length === 0) throw new TaskFileError(place.line, `${what} names no image.`);
    return { kind, push: [...new Set(push)] };
  }
  const written = textOf(place).trim();
  if (written === '') throw new TaskFileError(place.line, `${what} is empty.`);
  if (kind === 'build') {
    const command = parseBuildCommand(written);
    if ('problem' in command) throw new TaskFileError(place.line, `${what}: ${command.problem}.`);
    return { kind, build: written, command };
  }
  const first = written.split(' ', 1)[0]!;
  const image = Object.hasOwn(defaults.images, first) ? defaults.images[first]! : first;
  const cmd = image + written.slice(first.length);
  const { words, operators, problem } = splitCommand(cmd);
  const command = problem ? { problem } : parseRunCommand(words);
  if ('problem' in command) throw new TaskFileError(place.line, `${what}: ${command.problem}.`);
  return { kind, cmd, command, operators };
}
