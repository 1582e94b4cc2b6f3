import { ImageRefError } from '../imageRef.ts';
import type { Argument, Credentials } from '../model/task.ts';
import type { KnownRegistry } from '../ports/ports.ts';
import { RunValueError, type RunValues, renderArgument, renderRunValues } from '../runValues.ts';
import { parseSourceLocation, SourceLocationError } from '../sourceLocation.ts';
import { outputReference } from './outputNames.ts';
import { Refusal } from './refusal.ts';

/** Run values as a run might have them, to see what a definition comes to. */
export const sampleValues = (own: KnownRegistry): RunValues => ({
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

export interface BuildText {
  imageNames: string[];
  contextPath?: string | undefined;
  arguments: Argument[];
  credentials?: Credentials | undefined;
}

/**
 * What the schema cannot say of a build: its names are references, its context is an address that can be fetched, and
 * every `{{.Run.X}}` exists.
 * @throws Refusal 400 with the code
 */
export function checkBuild(build: BuildText, own: KnownRegistry, code: string): void {
  try {
    for (const name of build.imageNames)
      outputReference(renderRunValues(name, sampleValues(own)), own, build.credentials);
    if (build.contextPath) parseSourceLocation(build.contextPath);
    for (const argument of build.arguments) renderArgument(argument, sampleValues(own));
  } catch (error) {
    if (
      error instanceof ImageRefError ||
      error instanceof RunValueError ||
      error instanceof SourceLocationError
    )
      throw new Refusal(400, code, error.message);
    throw error;
  }
}
