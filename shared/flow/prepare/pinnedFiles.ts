/**
 * The folder of the pinned Dockerfiles, at the top of the context that the engine gets. The Dockerfiles themselves stay
 * as their owner wrote them, and no copy gets into an image: what is ignored beside each ignores this folder too.
 */
const pinnedFolder = '.plinth-pinned';

interface Pinned {
  /** Of the Dockerfile, in the context. */
  path: string;
  content: string;
  /** The folder that is built, in the context; empty for all of it, undefined where it is elsewhere. */
  contextDir: string | undefined;
  builder: 'classic' | 'buildkit';
  /** A folder of its own, where there are several. */
  folder?: string;
}

/**
 * Where a pinned Dockerfile goes, with the ignore file that holds for its build: BuildKit (and buildah) take
 * `NAME.dockerignore` beside it, and without one `.dockerignore` of what is built, which is all that the classic
 * builder reads.
 * @param read a file of the context; undefined where there is none
 */
export async function pinnedFiles(
  { path, content, contextDir, builder, folder }: Pinned,
  read: (path: string) => Promise<string | undefined>,
): Promise<{ file: string; files: { path: string; content: string }[] }> {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const file = [pinnedFolder, ...(folder === undefined ? [] : [folder]), name].join('/');
  const common =
    contextDir === undefined
      ? undefined
      : await read(contextDir ? `${contextDir}/.dockerignore` : '.dockerignore');
  const ignored = (await read(`${path}.dockerignore`)) ?? common ?? '';
  // The last line that fits decides: no `!` before it brings the folder back.
  const ours = [pinnedFolder, ...(common === undefined && contextDir === '' ? ['.dockerignore'] : [])];
  const files = [
    { path: file, content },
    { path: `${file}.dockerignore`, content: withLines(ignored, ours) },
  ];
  // The classic builder reads this one. It sends a Dockerfile that is ignored all the same, so the pinned one is
  // ignored.
  if (contextDir === '' && (common === undefined || builder === 'classic'))
    files.push({ path: '.dockerignore', content: withLines(common ?? '', ours) });
  return { file, files };
}

const withLines = (text: string, lines: string[]) =>
  `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${lines.join('\n')}\n`;
