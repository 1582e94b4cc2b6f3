import { isScalar, isSeq } from 'yaml';
import { parseBuildCommand } from './buildCommand.ts';
import { TaskFileError } from './errors.ts';
import { plainOf } from './goYaml.ts';
import { defaultRetryDelay, type FileStep, type StepCommon } from './model.ts';
import {
  booleanOf,
  type EnvironmentEntry,
  environmentOf,
  type Place,
  propertiesOf,
  type Told,
  textOf,
  textsOf,
  wholeNumberOf,
} from './nodes.ts';
import type { Ordered } from './order.ts';
import { parseRunCommand } from './runCommand.ts';
import { splitWords } from './words.ts';

const kinds = ['build', 'push', 'cmd'] as const;
/** What a container engine may or may not do: read as it is, judged by who runs it. */
const engineOptions = [
  'detach',
  'privileged',
  'network',
  'ports',
  'expose',
  'isolation',
  'keep',
  'cpus',
  'cache',
  'volumeMounts',
  'secret',
  'exitedWith',
  'exitedWithout',
  'retryOnErrors',
  'cmdDownloadRetries',
  'cmdDownloadRetryDelay',
];
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
  ...engineOptions,
];

/** What the task says for all of its steps. */
export interface StepDefaults {
  timeout: number;
  env: EnvironmentEntry[];
  workingDirectory: string | undefined;
  /** Names of images for the first word of a `cmd`. */
  images: Record<string, string>;
}

/** A step that does not know yet whom it waits for. */
export type UnorderedStep = Ordered & { step(after: string[]): FileStep };

/**
 * Reads one entry of `steps`.
 * @param at its place in the list, from 0: its id is `acb_step_{at}` where it has none
 * @throws TaskFileError
 */
export function readStep(place: Place, at: number, defaults: StepDefaults, told: Told): UnorderedStep {
  const properties = propertiesOf(place, known, told);
  const get = (name: string) => properties.get(name);
  const { line } = place;
  const idPlace = get('id');
  const id = idPlace ? textOf(idPlace) || `acb_step_${at}` : `acb_step_${at}`;
  if (/\s/.test(id)) throw new TaskFileError(idPlace!.line, 'the id of a step holds no blanks.');
  if (id === 'acb_root') throw new TaskFileError(idPlace!.line, 'the id acb_root is reserved.');
  const of = (name: string): Place | undefined => {
    const found = get(name);
    return found && { ...found, what: `${name} of step ${id}` };
  };
  const number = (name: string) => {
    const found = of(name);
    return found ? wholeNumberOf(found, 0) : 0;
  };
  // The engine takes what is not above 0 for what it takes without it.
  const seconds = (name: string) => {
    const found = of(name);
    return found ? Math.max(0, wholeNumberOf(found, undefined, 'seconds')) : 0;
  };
  const flag = (name: string) => {
    const found = of(name);
    return found ? booleanOf(found) : false;
  };
  const text = (name: string) => {
    const found = of(name);
    return found && textOf(found);
  };

  const present = kinds.filter((kind) => properties.has(kind));
  const said = present.filter((kind) => !isEmptyBody(get(kind)!));
  const given = said.length > 0 ? said : present;
  if (given.length === 0) throw new TaskFileError(line, `step ${id} has none of build, push and cmd.`);
  if (given.length > 1)
    throw new TaskFileError(
      get(given[1]!)!.line,
      `step ${id} has ${given.join(' and ')}; a step does one of them.`,
    );
  const own = of('env');
  const ownEnv = own ? environmentOf(own, told) : [];
  const workingDirectory = text('workingDirectory') ?? defaults.workingDirectory;
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
    options: new Map(
      engineOptions.flatMap((name) => {
        const found = get(name);
        return found ? [[name, { value: plainOf(found.node, told), line: found.line }] as const] : [];
      }),
    ),
  };
  const body = bodyOf(given[0]!, get(given[0]!)!, id, defaults, told);
  const when = of('when');
  const cmdOnly =
    body.kind === 'cmd'
      ? {
          disableWorkingDirectoryOverride: flag('disableWorkingDirectoryOverride'),
          pull: flag('pull'),
          ...optional('entryPoint', text('entryPoint')),
          ...optional('user', text('user')),
        }
      : {};
  return {
    id,
    line,
    when: when && textsOf(when, told),
    step: (after) => ({ ...common, after, ...body, ...cmdOnly }) as FileStep,
  };
}

const optional = (name: string, value: string | undefined) => (value === undefined ? {} : { [name]: value });

/** What the engine takes for a property that is not there. */
const isEmptyBody = ({ node }: Place) =>
  isSeq(node) ? node.items.length === 0 : isScalar(node) && node.value === '';

function bodyOf(kind: (typeof kinds)[number], place: Place, id: string, defaults: StepDefaults, told: Told) {
  const what = `${kind} of step ${id}`;
  if (kind === 'push') {
    const push = textsOf({ ...place, what }, told).map(({ text }) => text);
    if (push.length === 0) throw new TaskFileError(place.line, `${what} names no image.`);
    return { kind, push: [...new Set(push)] };
  }
  const written = textOf({ ...place, what }).trim();
  if (written === '') throw new TaskFileError(place.line, `${what} is empty.`);
  if (kind === 'build') {
    const command = parseBuildCommand(written);
    if ('problem' in command) throw new TaskFileError(place.line, `${what}: ${command.problem}.`);
    return { kind, build: written, command };
  }
  const first = written.split(' ', 1)[0]!;
  const image = Object.hasOwn(defaults.images, first) ? defaults.images[first]! : first;
  const cmd = image + written.slice(first.length);
  const { words, operators, problem } = splitWords(cmd);
  const command = problem ? { problem } : parseRunCommand(words);
  if ('problem' in command) throw new TaskFileError(place.line, `${what}: ${command.problem}.`);
  return { kind, cmd, command, operators };
}
