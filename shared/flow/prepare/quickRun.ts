import type { KnownRegistry } from '../../model/registry.ts';
import type { EncodedTaskRunRequest, FileTaskRunRequest, Run } from '../../model/run.ts';
import type { RunValues } from '../../names/runValues.ts';
import { parseSourceLocation } from '../../names/sourceLocation.ts';
import type { Ports } from '../../ports/ports.ts';
import type { BuildRequest, BuildTerms } from '../../ports/runEngine.ts';
import { SourceError } from '../../ports/sourceContext.ts';
import { engineText, inFile } from '../../taskFile/taskFile.ts';
import { BuildFault } from '../buildFault.ts';
import { buildTerms } from './buildTerms.ts';
import { runInputs } from './runInputs.ts';
import { decodedText, openTaskFile, readTaskText, type TaskText, templateData } from './taskText.ts';

/**
 * A quick run of a task file. A file that can be read goes to the engine with this run's values in it; one in an
 * uploaded context only the engine can read.
 * @throws TaskFileError BuildFault SourceError RegistryError
 */
export async function quickRunRequest(
  request: EncodedTaskRunRequest | FileTaskRunRequest,
  run: Run,
  registry: KnownRegistry,
  ports: Ports,
): Promise<BuildRequest> {
  const terms = await buildTerms(request, undefined, registry, ports);
  if (request.type === 'EncodedTaskRunRequest')
    return encoded(decodedText(request), request, terms, runInputs(run, registry, request));
  const location = parseSourceLocation(request.sourceLocation ?? '/dev/null');
  if (location.kind === 'none')
    throw new BuildFault(
      `${request.taskFilePath} is read from a context, but the request has no sourceLocation.`,
    );
  if (location.kind === 'upload') return byPath(request, terms);
  try {
    const source = await ports.source.fetch(location, { maxBytes: ports.settings.maxContextBytes });
    try {
      const text = await readTaskText(request, (path) => ports.files.read(source.dir, path));
      return await encoded(text, request, terms, runInputs(run, registry, { ...request, source }));
    } finally {
      await source.dispose();
    }
  } catch (error) {
    if (!(error instanceof SourceError) || error.code !== 'TooLarge') throw error;
    return byPath(request, terms);
  }
}

async function encoded(
  text: TaskText,
  { sourceLocation, values }: EncodedTaskRunRequest | FileTaskRunRequest,
  terms: BuildTerms,
  inputs: RunValues,
): Promise<BuildRequest> {
  const given = templateData(text, inputs);
  const { data } = await openTaskFile(text, given, undefined);
  const { content, values: secrets } = inFile(text.name, () => engineText(text.text, data, values));
  return {
    kind: 'TaskFile',
    text: content,
    values: secrets,
    ...(sourceLocation !== undefined && { source: sourceLocation }),
    ...terms,
  };
}

const byPath = (
  { taskFilePath, valuesFilePath, values, sourceLocation }: FileTaskRunRequest,
  terms: BuildTerms,
): BuildRequest => ({
  kind: 'UnreadTaskFile',
  taskFilePath,
  ...(valuesFilePath !== undefined && { valuesFilePath }),
  values,
  source: sourceLocation!,
  ...terms,
});
