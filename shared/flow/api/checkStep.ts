import type { KnownRegistry } from '../../model/registry.ts';
import type { DockerBuildRequest, EncodedTaskRunRequest, FileTaskRunRequest } from '../../model/run.ts';
import type { Credentials, EncodedStep, TaskStep } from '../../model/task.ts';
import { pathProblem } from '../../names/contextPaths.ts';
import { renderRunValues } from '../../names/runValues.ts';
import { parseSourceLocation } from '../../names/sourceLocation.ts';
import type { Settings } from '../../ports/ports.ts';
import {
  checkTaskFile,
  hideSecrets,
  inFile,
  readTaskFile,
  shellDecides,
  TaskFileError,
} from '../../taskFile/taskFile.ts';
import { outputReference } from '../prepare/outputNames.ts';
import { stableOutputs } from '../prepare/planTaskFile.ts';
import { tagReference } from '../prepare/taskFileBases.ts';
import { decodedText, templateData } from '../prepare/taskText.ts';
import { Refusal } from '../refusal.ts';
import { checkBuild, sampleValues } from './checkBuild.ts';
import { checkCredentials } from './checkCredentials.ts';

/**
 * Checks a step beyond its schema: its names, templates and paths, and the whole of a task file that is in it. A
 * file in the context is read when the task runs.
 * @throws Refusal 400
 */
export function checkStep(step: TaskStep, registry: KnownRegistry, credentials?: Credentials): void {
  const code = 'InvalidTaskStep';
  const { contextPath } = step;
  const build = step.type === 'Docker' ? step : { imageNames: [], arguments: [], contextPath };
  checkBuild({ ...build, credentials }, registry, code);
  if (step.type === 'FileTask') checkPaths(step, contextPath, code);
  if (step.type === 'EncodedTask') checkEncoded(step, registry, code);
}

/**
 * Checks a run that belongs to no task beyond its schema. Its task file is read when it runs.
 * @throws Refusal 400
 */
export function checkQuickRun(request: QuickRequest, registry: KnownRegistry, settings: Settings): void {
  const code = 'InvalidRunRequest';
  const { sourceLocation, credentials } = request;
  const imageNames = request.type === 'DockerBuildRequest' ? request.imageNames : [];
  // A quick build's arguments are the engine's as they are: it fills nothing in.
  checkBuild({ imageNames, contextPath: sourceLocation, arguments: [], credentials }, registry, code);
  if (
    request.type === 'DockerBuildRequest' &&
    (!sourceLocation || parseSourceLocation(sourceLocation).kind === 'none')
  )
    throw new Refusal(
      400,
      code,
      `sourceLocation: ${request.dockerFilePath} is read from a context. Give the address of a repository or an archive, or what listBuildSourceUploadUrl gave.`,
    );
  if (request.type === 'FileTaskRunRequest') checkPaths(request, sourceLocation, code);
  checkCredentials(request.credentials, settings);
}
type QuickRequest = DockerBuildRequest | FileTaskRunRequest | EncodedTaskRunRequest;

/** The files of a step that reads them from its context. */
function checkPaths(
  { taskFilePath, valuesFilePath }: { taskFilePath: string; valuesFilePath?: string | undefined },
  contextPath: string | undefined,
  code: string,
): void {
  if (!contextPath || parseSourceLocation(contextPath).kind === 'none')
    throw new Refusal(400, code, `${taskFilePath} is read from a context, but none is given.`);
  for (const path of [taskFilePath, valuesFilePath ?? taskFilePath]) {
    const problem = pathProblem(path.replace(/^(\.\/)+/, ''));
    if (problem) throw new Refusal(400, code, `The path ${path} ${problem}.`);
  }
}

function checkEncoded(step: EncodedStep, registry: KnownRegistry, code: string): void {
  const text = decodedText(step);
  const hidden = step.values.filter(({ isSecret }) => isSecret).map(({ value }) => value);
  try {
    const data = templateData(text, sampleValues(registry));
    inFile(text.name, () => {
      for (const one of checkTaskFile(text.text, data).steps) {
        if (one.kind === 'push') for (const name of one.push) tagReference(name, one.line);
        if (one.kind === 'build')
          for (const tag of one.command.tags) if (!shellDecides(tag)) tagReference(tag, one.line);
      }
    });
  } catch (error) {
    if (error instanceof TaskFileError) throw new Refusal(400, code, hideSecrets(error.message, hidden));
    throw error;
  }
}

/**
 * The images that a step is known to make before it ever ran, under names that stay: those of a task file in the
 * context are not, nor where a value is only given when it runs.
 */
export function knownOutputs(
  step: TaskStep,
  registry: KnownRegistry,
  credentials: Credentials | undefined,
): string[] {
  if (step.type === 'FileTask') return [];
  if (step.type === 'Docker')
    return step.imageNames
      .filter((name) => step.isPushEnabled && !name.replace(ownRegistry, '').includes('{{'))
      .map((name) => outputReference(renderRunValues(name, sampleValues(registry)), registry, credentials));
  try {
    const text = decodedText(step);
    const data = templateData(text, sampleValues(registry));
    const file = readTaskFile(text.text, data);
    // What has no value yet may name the image.
    return file.absent.length > 0 ? [] : stableOutputs(file, text.text, data);
  } catch (error) {
    if (error instanceof TaskFileError) return [];
    throw error;
  }
}

/** The Run values that are the same in each run of a registry; the names of a step hold no blanks. */
const ownRegistry = /\{\{-?\.Run\.Registry(Name)?-?\}\}/g;
