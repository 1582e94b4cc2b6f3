import type { EncodedTaskRunRequest, FileTaskRunRequest, Run } from '../model/run.ts';
import type { KnownRegistry, Ports } from '../ports/ports.ts';
import type { EngineRequest, EngineTerms } from '../ports/runEngine.ts';
import { SourceError } from '../ports/sourceContext.ts';
import { parseSourceLocation } from '../sourceLocation.ts';
import { engineText, inFile } from '../taskFile.ts';
import { BuildFault } from './buildFault.ts';
import { engineTerms } from './engineTerms.ts';
import { runValuesOf } from './runValuesOf.ts';
import { decodedText, openTaskFile, readTaskText, type TaskText, templateData } from './taskText.ts';

/**
 * A quick run of a task file. A file that can be read goes to the engine with this run's values in it; one in an
 * uploaded context only the engine can read.
 * @throws TaskFileError BuildFault SourceError RegistryError
 */
export async function quickRunRequest(
  request: EncodedTaskRunRequest | FileTaskRunRequest,
  run: Run,
  own: KnownRegistry,
  ports: Ports,
): Promise<EngineRequest> {
  const terms = await engineTerms(request, undefined, own, ports);
  if (request.type === 'EncodedTaskRunRequest')
    return encoded(decodedText(request), request, terms, run, own);
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
      return await encoded(text, request, terms, run, own, source);
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
  { platform, sourceLocation, values }: EncodedTaskRunRequest | FileTaskRunRequest,
  terms: EngineTerms,
  run: Run,
  own: KnownRegistry,
  source: { commit?: string; branch?: string } = {},
): Promise<EngineRequest> {
  const given = templateData(text, runValuesOf(run, own, platform, undefined, source));
  const { data } = await openTaskFile(text, given, undefined);
  const { content, values: secrets } = inFile(text.name, () => engineText(text.text, data, values));
  return {
    type: 'EncodedTaskRunRequest',
    encodedTaskContent: Buffer.from(content).toString('base64'),
    values: secrets,
    ...(sourceLocation !== undefined && { sourceLocation }),
    ...terms,
  };
}

const byPath = (
  { taskFilePath, valuesFilePath, values, sourceLocation }: FileTaskRunRequest,
  terms: EngineTerms,
): EngineRequest => ({
  type: 'FileTaskRunRequest',
  taskFilePath,
  ...(valuesFilePath !== undefined && { valuesFilePath }),
  values,
  sourceLocation: sourceLocation!,
  ...terms,
});
