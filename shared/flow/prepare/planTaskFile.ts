import { frontendWarning, pinBaseImages } from '../../dockerfile/baseImages.ts';
import { platformText } from '../../model/platform.ts';
import type { Pin } from '../../model/run.ts';
import type { EncodedStep, FileStep } from '../../model/task.ts';
import { parseImageRef } from '../../names/imageRef.ts';
import {
  engineText,
  hiddenIn,
  hideSecrets,
  inFile,
  mergeSet,
  readTaskFile,
  type SetValue,
  shellDecides,
  type TaskFile,
  type TemplateData,
  withoutSecrets,
} from '../../taskFile/taskFile.ts';
import { type BuildPlan, fetchedOf, type Job, type Readable } from './buildPlan.ts';
import { pinBesideCommands } from './commandImages.ts';
import { pinnedFiles } from './pinnedFiles.ts';
import { baseNotes } from './resolveDigests.ts';
import { runInputs } from './runInputs.ts';
import {
  contextFolder,
  findStepBases,
  fromWorkingDirectory,
  type ReadFile,
  type StepBases,
  tagReference,
} from './taskFileBases.ts';
import { openTaskFile, readTaskText, type TaskText, templateData } from './taskText.ts';

/**
 * Plans the run of a multi-step task: the file is read with the run's values, every base image of its build steps is
 * pinned in the context, and the engine gets the file's text. A file that only the engine can read goes to it by its path.
 * @throws TaskFileError BuildFault VaultError RegistryError
 */
export async function planTaskFile(
  defined: FileStep | EncodedStep,
  job: Job,
  given: Readable,
): Promise<BuildPlan> {
  const source = fetchedOf(given);
  const { task, run, registry, ports } = job;
  const values = mergeSet(defined.values, run.overrides?.values);
  const step = { ...defined, values, ...fileOverride(job) };
  if (step.type === 'FileTask' && !source) return unread(step);

  const read: ReadFile = async (path) => source && ports.files.read(source.dir, path);
  const text = await readTaskText(step, read);
  const known = templateData(
    text,
    runInputs(run, registry, { platform: task.properties.platform, task, source }),
  );
  const reader = { vault: ports.vault, identity: task.identity };
  const { file, data } = await openTaskFile(text, known, reader);
  try {
    return await inFileAsync(text.name, () => planOpened({ file, data, text, values, read }, job, given));
  } catch (error) {
    throw withoutSecrets(error, hiddenIn(data));
  }
}

interface Opened {
  file: TaskFile;
  data: TemplateData;
  text: TaskText;
  values: SetValue[];
  read: ReadFile;
}

async function planOpened(
  { file, data, text, values, read }: Opened,
  job: Job,
  given: Readable,
): Promise<BuildPlan> {
  const { task } = job;
  const source = typeof given === 'string' ? given : read;
  const platform = platformText(task.properties.platform);
  const { bases, notes } = await findStepBases(file, platform, source, hiddenIn(data));
  const standing = standingOf(file, bases);
  const { pins, unpinned } = await pinBesideCommands(standing.images, file, bases, job);
  const { replace, files } = await pinned(file, bases, pins, read);
  const forEngine = engineText(text.text, data, values, files);
  const pinnable = new Set(pins.map(({ image }) => image));
  return {
    work: {
      kind: 'TaskFile',
      text: forEngine.content,
      values: forEngine.values,
    },
    replace,
    bases: pins,
    // A build whose base images are unknown may need any of them.
    servers: notes.length + unpinned.length > 0 ? undefined : serversOf(file, pins),
    notes: [
      ...file.warnings.map((warning) => `Warning: ${text.name}: ${warning}`),
      ...[...notes, ...unpinned, ...warnings(bases), ...baseNotes(pins)],
    ].map((note) => hideSecrets(note, hiddenIn(data))),
    outputs: stableOutputs(file, text.text, data),
    standsOn: standing.standsOn.filter(({ base }) => pinnable.has(base)),
  };
}

const fileOverride = ({ run }: Job) =>
  run.overrides?.file === undefined ? {} : { taskFilePath: run.overrides.file };

/** The engine reads the file, and fills in its own run's values. */
const unread = ({ taskFilePath, valuesFilePath, values }: FileStep & { values: SetValue[] }): BuildPlan => ({
  work: {
    kind: 'UnreadTaskFile',
    taskFilePath,
    ...(valuesFilePath !== undefined && { valuesFilePath }),
    values,
  },
  replace: [],
  bases: undefined,
  servers: undefined,
  notes: [`${taskFilePath} is read by the run engine: {{.Run.ID}} in it is the engine's own id.`],
  outputs: [],
});

async function inFileAsync<T>(name: string, read: () => Promise<T>): Promise<T> {
  const settled = await read().then(
    (value) => () => value,
    (error: unknown) => () => {
      throw error;
    },
  );
  return inFile(name, settled);
}

/**
 * The base images of the file's images. An image that one step makes and another builds on is no base image: its own
 * base images take its place. RunTime are those of a pushed image (of a file that pushes nothing, of the last one
 * built);
 * all others are BuildTime.
 */
function standingOf(file: TaskFile, bases: StepBases[]) {
  const madeBy = new Map(bases.flatMap((entry) => tagsOf(entry).map((tag) => [tag, entry])));
  const runtimeOf = (entry: StepBases): string | undefined => {
    const image = entry.found.runtime.find((one) => !entry.secret.includes(one));
    const maker = image && makerOf(image, entry, bases);
    return maker ? runtimeOf(maker) : image;
  };
  const pushed = file.steps
    .filter((step) => step.kind === 'push')
    .flatMap(({ push, line }) => push.map((name) => tagReference(name, line)));
  const standsOn = pushed.flatMap((image) => {
    const maker = madeBy.get(image);
    const base = maker && runtimeOf(maker);
    return base === undefined ? [] : [{ image, base }];
  });
  const last = bases.at(-1);
  const runtimes = new Set(
    pushed.some((image) => madeBy.has(image)) ? standsOn.map(({ base }) => base) : [last && runtimeOf(last)],
  );
  const all = new Set(
    bases.flatMap((entry) =>
      entry.found.all.filter((image) => !makerOf(image, entry, bases) && !entry.secret.includes(image)),
    ),
  );
  const images = [...all].map(
    (image): Omit<Pin, 'digest'> => ({
      image,
      type: runtimes.has(image) ? 'RunTime' : 'BuildTime',
    }),
  );
  return { images, standsOn };
}

const tagsOf = ({ step }: StepBases) =>
  step.command.tags.filter((tag) => !shellDecides(tag)).map((tag) => tagReference(tag, step.line));

/** The step before another that makes an image; what a step makes itself, or a later one, it builds on as it was. */
const makerOf = (image: string, { at }: StepBases, bases: StepBases[]) =>
  bases.findLast((entry) => entry.at < at && tagsOf(entry).includes(image));

/**
 * Each step's Dockerfile pinned: two steps may pin one differently, or build it with other ignore files. In place where
 * a command of the file may edit it first.
 * @returns the files, and by the index of its step what -f is to name
 */
async function pinned(
  { steps }: TaskFile,
  bases: StepBases[],
  pins: Pin[],
  read: ReadFile,
): Promise<{ replace: BuildPlan['replace']; files: Map<number, string> }> {
  const digests = new Map(pins.map(({ image, digest }) => [image, digest]));
  const replace = new Map<string, string>();
  const files = new Map<number, string>();
  const contents = bases.map((entry) => {
    const { dockerfile, options, found } = entry;
    const pinOf = (image: string) =>
      makerOf(image, entry, bases) || entry.secret.includes(image) ? null : (digests.get(image) ?? null);
    const named = Object.fromEntries(found.all.map((image) => [image, pinOf(image)]));
    return pinBaseImages(dockerfile, { ...options, pins: named });
  });
  const runsCommands = steps.some(({ kind }) => kind === 'cmd');
  for (const [index, { at, path, step, options }] of bases.entries()) {
    const content = contents[index]!;
    if (runsCommands && bases.every((other, n) => other.path !== path || contents[n] === content)) {
      replace.set(path, content);
      continue;
    }
    const folder = `step-${at}`;
    const of = { path, content, contextDir: contextFolder(step), builder: options.builder };
    const copy = await pinnedFiles({ ...of, folder }, read);
    for (const file of copy.files) replace.set(file.path, file.content);
    files.set(at, fromWorkingDirectory(step, copy.file));
  }
  return { replace: [...replace].map(([path, content]) => ({ path, content })), files };
}

/** What the steps pull and push. */
function serversOf({ steps }: TaskFile, pins: Pin[]): string[] {
  const images = steps.flatMap((step) => {
    if (step.kind === 'push') return step.push.map((name) => tagReference(name, step.line));
    const named = step.kind === 'cmd' && !shellDecides(step.command.image);
    return named ? [tagReference(step.command.image, step.line)] : [];
  });
  const all = [...pins.map(({ image }) => image), ...images];
  return [...new Set(all.map((image) => parseImageRef(image).registry))];
}

const warnings = (bases: StepBases[]) =>
  bases.flatMap(({ dockerfile, path }) => {
    const warning = frontendWarning(dockerfile);
    return warning ? [`Warning: ${path}: ${warning}`] : [];
  });

/** The pushed images that another run, of another commit, would push under the same name. */
export function stableOutputs(file: TaskFile, text: string, data: TemplateData): string[] {
  const another = { ...data.run, ID: 'ca0', Date: '20000101-000000z', Commit: 'another' };
  const other = readTaskFile(text, { ...data, run: another });
  return file.steps.flatMap((step, at) => {
    const twin = other.steps[at];
    if (step.kind !== 'push' || twin?.kind !== 'push') return [];
    return step.push
      .filter((name, index) => twin.push[index] === name)
      .map((name) => tagReference(name, step.line));
  });
}
