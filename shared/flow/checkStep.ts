import { pathProblem } from '../contextPaths.ts';
import { ImageRefError } from '../imageRef.ts';
import type { DockerStep, EncodedStep, FileStep, TaskStep } from '../model/task.ts';
import type { KnownRegistry } from '../ports/ports.ts';
import { RunValueError, renderRunValues } from '../runValues.ts';
import { parseSourceLocation, SourceLocationError } from '../sourceLocation.ts';
import { checkTaskFile, inFile, TaskFileError } from '../taskFile.ts';
import { outputReference } from './dockerPlan.ts';
import { pushReference, tagReference } from './fileBases.ts';
import { Refusal } from './refusal.ts';
import { decodedText, templateData } from './taskText.ts';

const sampleValues = {
  ID: 'ca1',
  TaskName: 'task',
  Registry: 'contoso.azurecr.io',
  RegistryName: 'contoso',
  Date: '20260101-000000z',
  OS: 'linux',
  Architecture: 'amd64',
  Commit: '0123456',
  Branch: 'main',
};

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
  for (const name of step.imageNames) outputReference(renderRunValues(name, sampleValues), own);
  for (const { value } of step.arguments) renderRunValues(value, sampleValues);
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
  const data = templateData(text, sampleValues);
  inFile(text.name, () => {
    for (const one of checkTaskFile(text.text, data).steps) {
      if (one.kind === 'push') for (const name of one.push) pushReference(name, one.line, own);
      if (one.kind === 'build') for (const tag of one.command.tags) tagReference(tag, one.line);
    }
  });
}
