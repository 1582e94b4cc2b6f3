import { type Aliases, expandCommand } from './aliases.ts';
import { readBuild, readRun } from './docker/commands.ts';
import { TaskFileFault } from './fault.ts';
import { type FieldKind, type Fields, readFields, type Texts } from './fields.ts';
import type { StepCommon, TaskStep } from './model.ts';
import { orderSteps } from './order.ts';
import type { YamlNode } from './yamlTree.ts';

/** Options of a step that this engine may not have. */
const optional: Record<string, FieldKind> = {
  network: 'text',
  isolation: 'text',
  cpus: 'text',
  cache: 'text',
  secret: 'any',
  volumeMounts: 'any',
  expose: 'texts',
  ports: 'texts',
  exitedWith: 'wholes',
  exitedWithout: 'wholes',
  retryOnErrors: 'texts',
  keep: 'flag',
  detach: 'flag',
  privileged: 'flag',
  cmdDownloadRetries: 'whole',
  cmdDownloadRetryDelay: 'whole',
};

/** A step's properties, as the engine unmarshals them. */
const stepFields: Record<string, FieldKind> = {
  id: 'text',
  cmd: 'text',
  build: 'text',
  push: 'texts',
  workingDirectory: 'text',
  entryPoint: 'text',
  user: 'text',
  env: 'texts',
  when: 'texts',
  timeout: 'whole',
  startDelay: 'whole',
  retries: 'whole',
  retryDelay: 'whole',
  repeat: 'whole',
  ignoreErrors: 'flag',
  disableWorkingDirectoryOverride: 'flag',
  pull: 'flag',
  ...optional,
};

/** The task's defaults for all its steps. */
interface TaskDefaults {
  /** Seconds. */
  timeout: number;
  env: Texts;
  workingDirectory: string;
  aliases: Aliases | undefined;
}

const stepTimeout = 600;
const stepRetryDelay = 5;

/** Reads the list of steps. @throws TaskFileFault */
export function readSteps(nodes: readonly YamlNode[], defaults: TaskDefaults): TaskStep[] {
  const steps = nodes.map((node, at) => {
    const given = node.kind === 'map' ? node.entries.get('id')?.node : undefined;
    const id = (given?.kind === 'scalar' && given.text) || `acb_step_${at}`;
    const fields = readFields(node, stepFields, `step ${id}`);
    return { id: fields.text('id') || `acb_step_${at}`, line: node.line, fields, when: fields.texts('when') };
  });
  const read = steps.map(({ id, line, fields }) => stepOf(id, line, fields, defaults));
  const after = orderSteps(steps);
  return read.map((step, at) => ({ ...step, after: after[at]! }));
}

function stepOf(id: string, line: number, fields: Fields, defaults: TaskDefaults): TaskStep {
  const refuse = (problem: string, where = line): never => {
    throw new TaskFileFault(where, problem);
  };
  if (/\s/.test(id)) refuse(`the id of step ${id} holds blanks.`, fields.lineOf('id'));
  for (const name of ['retries', 'repeat'])
    if (fields.whole(name) < 0) refuse(`${name} of step ${id} is less than 0.`, fields.lineOf(name));
  if (!/^(enabled|disabled|)$/i.test(fields.text('cache')))
    refuse(`cache of step ${id} is neither enabled nor disabled.`, fields.lineOf('cache'));
  const workingDirectory = fields.text('workingDirectory') || defaults.workingDirectory;
  const common = {
    id,
    line,
    after: [],
    timeout: positive(fields.whole('timeout')) ?? positive(defaults.timeout) ?? stepTimeout,
    startDelay: Math.max(0, fields.whole('startDelay')),
    retries: fields.whole('retries'),
    retryDelay: positive(fields.whole('retryDelay')) ?? stepRetryDelay,
    repeat: fields.whole('repeat'),
    ignoreErrors: fields.flag('ignoreErrors'),
    env: environmentOf(fields.texts('env'), defaults.env, id),
    options: new Map(
      Object.keys(optional).flatMap((name) => {
        const where = fields.lineOf(name);
        return where === undefined ? [] : [[name, { value: fields.value(name), line: where }] as const];
      }),
    ),
    ...(workingDirectory !== '' && { workingDirectory }),
  };
  return bodyOf(common, fields, defaults.aliases);
}

const positive = (number: number) => (number > 0 ? number : undefined);

function bodyOf(
  common: Omit<StepCommon, 'operators'>,
  fields: Fields,
  aliases: Aliases | undefined,
): TaskStep {
  const { id, line } = common;
  const push = fields.texts('push').map(({ text }) => text);
  const said = ['cmd', 'build'].filter((name) => fields.text(name) !== '');
  if (push.length > 0) said.push('push');
  const [kind, other] = said;
  if (kind === undefined) throw new TaskFileFault(line, `step ${id} has neither build nor push nor cmd.`);
  if (other !== undefined) throw new TaskFileFault(line, `step ${id} has both ${kind} and ${other}.`);
  if (kind === 'push') return { ...common, kind, push: withTags(push), operators: [] };

  const given = fields.text(kind);
  // Docker would be given nothing.
  if (given.trim() === '')
    throw new TaskFileFault(fields.lineOf(kind) ?? line, `${kind} of step ${id} is empty.`);
  const read = kind === 'build' ? readBuild(given) : readRun(aliases ? expandCommand(given, aliases) : given);
  if ('problem' in read)
    throw new TaskFileFault(fields.lineOf(kind) ?? line, `${kind} of step ${id}: ${read.problem}.`);
  if (kind === 'build') return { ...common, kind, ...(read as Build) };
  const entryPoint = fields.text('entryPoint');
  const user = fields.text('user');
  return {
    ...common,
    kind: 'cmd',
    ...(read as Run),
    disableWorkingDirectoryOverride: fields.flag('disableWorkingDirectoryOverride'),
    pull: fields.flag('pull'),
    ...(entryPoint !== '' && { entryPoint }),
    ...(user !== '' && { user }),
  };
}
type Build = Exclude<ReturnType<typeof readBuild>, { problem: string }>;
type Run = Exclude<ReturnType<typeof readRun>, { problem: string }>;

/** Each image with a tag and once, as the engine has them. */
const withTags = (images: readonly string[]) => [
  ...new Set(images.map((image) => (/[@:]/.test(image) ? image : `${image}:latest`))),
];

/** The step's own entries, and those of the task whose name it has not; the task's are parted at their commas. */
function environmentOf(own: Texts, task: Texts, id: string): StepCommon['env'] {
  const entry = ({ text, line }: Texts[number]) => {
    const [, name, value] = /^([^=]+)=([\s\S]*)$/.exec(text) ?? [];
    if (name === undefined)
      throw new TaskFileFault(line, `env of step ${id} has an entry that is not NAME=value.`);
    return { name, value: value! };
  };
  const entries = own.map(entry);
  const parted = task.flatMap(({ text, line }) => text.split(',').map((part) => entry({ text: part, line })));
  return [...entries, ...parted.filter(({ name }) => !entries.some((one) => one.name === name))];
}
