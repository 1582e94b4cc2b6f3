import assert from 'node:assert/strict';
import { test } from 'uvu';
import { pinnedFiles } from '../../../shared/flow/prepare/pinnedFiles.ts';

const ours = '.plinth-pinned';
const content = 'FROM a@sha256:1\n';

interface Row {
  title: string;
  /** Of the Dockerfile, where it is not at the top. */
  path?: string;
  /** The folder that is built; undefined where it is elsewhere. */
  contextDir?: string | undefined;
  builder?: 'classic' | 'buildkit';
  folder?: string;
  /** The ignore files of the context. */
  ignores?: Record<string, string>;
  /** Where the pinned one goes. */
  file?: string;
  /** The ignore file beside it, and that of the context where it is written. */
  beside: string;
  common?: string;
}
const rows: Row[] = [
  { title: 'without an ignore file', beside: `${ours}\n.dockerignore\n`, common: `${ours}\n.dockerignore\n` },
  {
    title: 'without an ignore file, for the classic builder',
    ...{ builder: 'classic', beside: `${ours}\n.dockerignore\n`, common: `${ours}\n.dockerignore\n` },
  },
  { title: 'with an ignore file', ignores: { '.dockerignore': 'b\n' }, beside: `b\n${ours}\n` },
  {
    title: 'with an ignore file whose last line does not end',
    ...{ ignores: { '.dockerignore': '!*' }, beside: `!*\n${ours}\n` },
  },
  { title: 'with an empty ignore file', ignores: { '.dockerignore': '' }, beside: `${ours}\n` },
  {
    title: 'with an ignore file, for the classic builder',
    ...{ builder: 'classic', ignores: { '.dockerignore': 'b\n' } },
    ...{ beside: `b\n${ours}\n`, common: `b\n${ours}\n` },
  },
  {
    title: 'with an ignore file of its own',
    ...{ ignores: { '.dockerignore': 'b\n', 'Dockerfile.dockerignore': 'c\n' }, beside: `c\n${ours}\n` },
  },
  {
    title: 'with an ignore file of its own, for the classic builder',
    ...{ builder: 'classic', ignores: { '.dockerignore': 'b\n', 'Dockerfile.dockerignore': 'c\n' } },
    ...{ beside: `c\n${ours}\n`, common: `b\n${ours}\n` },
  },
  {
    title: 'with an ignore file of its own alone',
    ignores: { 'Dockerfile.dockerignore': 'c\n' },
    ...{ beside: `c\n${ours}\n.dockerignore\n`, common: `${ours}\n.dockerignore\n` },
  },
  {
    title: 'in a folder, of which it has an ignore file',
    ...{
      path: 'a/b/My.Dockerfile',
      ignores: { 'a/b/My.Dockerfile.dockerignore': 'c\n', '.dockerignore': 'b\n' },
    },
    ...{ file: `${ours}/My.Dockerfile`, beside: `c\n${ours}\n` },
  },
  {
    title: 'of a folder that is built, with its ignore file',
    contextDir: 'web',
    ...{ ignores: { 'web/.dockerignore': 'w\n', '.dockerignore': 'b\n' }, beside: `w\n${ours}\n` },
  },
  {
    title: 'of a folder that is built, without one',
    ...{ contextDir: 'web', ignores: { '.dockerignore': 'b\n' }, beside: `${ours}\n` },
  },
  {
    title: 'of a folder that is built by the classic builder',
    ...{
      contextDir: 'web',
      builder: 'classic',
      ignores: { 'web/.dockerignore': 'w\n' },
      beside: `w\n${ours}\n`,
    },
  },
  {
    title: 'of what is built elsewhere',
    ...{ contextDir: undefined, ignores: { '.dockerignore': 'b\n' }, beside: `${ours}\n` },
  },
  {
    title: 'one of several',
    ...{ folder: '2', ignores: { '.dockerignore': 'b\n' } },
    ...{ file: `${ours}/2/Dockerfile`, beside: `b\n${ours}\n` },
  },
];
for (const row of rows)
  test(`a pinned Dockerfile ${row.title}: no image gets a copy of it`, async () => {
    const { path = 'Dockerfile', builder = 'buildkit', ignores = {}, file = `${ours}/Dockerfile` } = row;
    const contextDir = 'contextDir' in row ? row.contextDir : '';
    const given = { path, content, contextDir, builder, ...(row.folder && { folder: row.folder }) };
    assert.deepEqual(await pinnedFiles(given, async (asked) => ignores[asked]), {
      file,
      files: [
        { path: file, content },
        { path: `${file}.dockerignore`, content: row.beside },
        ...(row.common === undefined ? [] : [{ path: '.dockerignore', content: row.common }]),
      ],
    });
  });

test.run();
