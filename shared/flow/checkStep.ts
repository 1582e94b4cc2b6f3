import { pathProblem } from '../contextPaths.ts';
import { ImageRefError } from '../imageRef.ts';
import type { DockerStep, EncodedStep, FileStep, TaskStep } from '../model/task.ts';
import type { KnownRegistry } from '../ports/ports.ts';
import { differsEachRun, RunValueError, type RunValues, renderRunValues } from '../runValues.ts';
import { parseSourceLocation, SourceLocationError } from '../sourceLocation.ts';
import { checkTaskFile, inFile, readTaskFile, TaskFileError } from '../taskFile.ts';
import { outputReference } from './dockerPlan.ts';
import { pushReference, tagReference } from './fileBases.ts';
import { stableOutputs } from './filePlan.ts';
import { Refusal } from './refusal.ts';
import { decodedText, templateData } from './taskText.ts';

/** Run values as a run might have them, to see what a definition comes to. */
const sampleValues = (own: KnownRegistry): RunValues => ({
  ID: 'ca1',
  TaskName: 'task',
  Registry: own.loginServer,
  RegistryName: own.name,
  Date: '20260101-000000z',
  OS: 'linux',
  Architecture: 'amd64',
  Commit: '0123456',
  Branch: 'main',
});

/**
 * What the schema cannot say of a step: its names, templates and paths, and the whole of a task file that is in it. A
 * file in the context is read when the task runs.
 * @throws Refusal 400
 */
export function checkStep(step: TaskStep, own: KnownRegistry): void {
  try {
    if (step.contextPath) parseSourceLocation(step.contextPath);
    if (step.type === 'Docker') checkDocker(step, own);
    else if (step.type === 'FileTask') checkPaths(step);
    else checkEncoded(step, own);
  } catch (error) {
    if (
      error instanceof ImageRefError ||
      error instanceof RunValueError ||
      error instanceof SourceLocationError ||
      error instanceof TaskFileError
    )
      throw new Refusal(400, 'InvalidTaskStep', error.message);
    throw error;
  }
}

function checkDocker(step: DockerStep, own: KnownRegistry): void {
  for (const name of step.imageNames) outputReference(renderRunValues(name, sampleValues(own)), own);
  for (const { value } of step.arguments) renderRunValues(value, sampleValues(own));
}

function checkPaths({ contextPath, taskFilePath, valuesFilePath }: FileStep): void {
  if (!contextPath || parseSourceLocation(contextPath).kind === 'none')
    throw new Refusal(
      400,
      'InvalidTaskStep',
      `A FileTask reads ${taskFilePath} from a context, but the step has no contextPath.`,
    );
  for (const path of [taskFilePath, valuesFilePath ?? 'values.yaml']) {
    const problem = pathProblem(path.replace(/^(\.\/)+/, ''));
    if (problem) throw new Refusal(400, 'InvalidTaskStep', `The path ${path} ${problem}.`);
  }
}

function checkEncoded(step: EncodedStep, own: KnownRegistry): void {
  const text = decodedText(step);
  const data = templateData(text, sampleValues(own));
  inFile(text.name, () => {
    for (const one of checkTaskFile(text.text, data).steps) {
      if (one.kind === 'push') for (const name of one.push) pushReference(name, one.line, own);
      if (one.kind === 'build') for (const tag of one.command.tags) tagReference(tag, one.line);
    }
  });
}

/**
 * The images that a step is known to make before it ever ran, under names that stay: those of a task file in the
 * context are not, nor where a value is only given when it runs.
 */
export function knownOutputs(step: TaskStep, own: KnownRegistry): string[] {
  if (step.type === 'FileTask') return [];
  if (step.type === 'Docker')
    return step.imageNames
      .filter((name) => !differsEachRun(name) && !name.includes('{{'))
      .map((name) => outputReference(name, own));
  try {
    const text = decodedText(step);
    const data = templateData(text, sampleValues(own));
    return stableOutputs(readTaskFile(text.text, data), text.text, data, own);
  } catch (error) {
    if (error instanceof TaskFileError) return [];
    throw error;
  }
}
