import type { KnownRegistry } from '../../model/registry.ts';
import type { Argument, Credentials } from '../../model/task.ts';
import { ImageRefError } from '../../names/imageRef.ts';
import { RunValueError, type RunValues, renderArgument, renderRunValues } from '../../names/runValues.ts';
import { parseSourceLocation, SourceLocationError } from '../../names/sourceLocation.ts';
import { outputReference } from '../prepare/outputNames.ts';
import { Refusal } from '../refusal.ts';

/** Sample run values, to check a definition with. */
export const sampleValues = (registry: KnownRegistry): RunValues => ({
  ID: 'ca1',
  TaskName: 'task',
  Registry: registry.loginServer,
  RegistryName: registry.name,
  Date: '20260101-000000z',
  OS: 'linux',
  Architecture: 'amd64',
  Commit: '0123456',
  Branch: 'main',
});

interface BuildText {
  imageNames: string[];
  contextPath?: string | undefined;
  arguments: Argument[];
  credentials?: Credentials | undefined;
}

/**
 * Checks a build beyond its schema: its names are references, its context is an address that can be fetched, and
 * every `{{.Run.X}}` exists.
 * @throws Refusal 400 with the code
 */
export function checkBuild(build: BuildText, registry: KnownRegistry, code: string): void {
  try {
    for (const name of build.imageNames)
      outputReference(renderRunValues(name, sampleValues(registry)), registry, build.credentials);
    if (build.contextPath) parseSourceLocation(build.contextPath);
    for (const argument of build.arguments) renderArgument(argument, sampleValues(registry));
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
