import type { BuildCommand, DockerOption, RunCommand } from '../model.ts';
import { wordsOf } from './commandLine.ts';
import { buildOptions, partOptions, runOptions } from './dockerOptions.ts';

/** What a `build` or a `cmd` gives docker, and what in it only a shell understands. */
type Read<Command> = { command: Command; operators: string[] } | { problem: string };

/** Reads a `build`; without a context it is the working directory. @returns a sentence where docker would refuse it */
export function readBuild(text: string): Read<BuildCommand> {
  const line = wordsOf(text);
  if ('problem' in line) return line;
  const parted = partOptions(line.words, buildOptions);
  if ('problem' in parted) return parted;
  const { given, rest } = parted;
  if (rest.length > 1) return { problem: `docker build takes one context, and here are ${rest.length}` };
  const all = (name: string) => given.filter((option) => option.name === name).map(({ value = '' }) => value);
  const last = (name: string) => all(name).at(-1);
  const is = (name: string) => {
    const option = given.findLast((one) => one.name === name);
    return option !== undefined && option.value !== 'false';
  };
  const file = last('file');
  const target = last('target');
  const platform = last('platform');
  const command = {
    tags: all('tag'),
    buildArgs: all('build-arg').map(assignment),
    noCache: is('no-cache'),
    pull: is('pull'),
    labels: all('label'),
    context: rest[0] ?? '.',
    others: given.filter(({ name }) => !read.has(name)),
    ...(file !== undefined && { file }),
    ...(target !== undefined && { target }),
    ...(platform !== undefined && { platform }),
  };
  return { command, operators: line.operators };
}

const read = new Set(['tag', 'file', 'build-arg', 'target', 'platform', 'label', 'no-cache', 'pull']);

/** `NAME=value`, or `NAME` alone. */
function assignment(text: string): DockerOption {
  const [, name = text, value] = /^([^=]*)=([\s\S]*)$/.exec(text) ?? [];
  return { name, ...(value !== undefined && { value }) };
}

/** Reads a `cmd`: options of docker, the image, its arguments. @returns a sentence where docker would refuse it */
export function readRun(text: string): Read<RunCommand> {
  const line = wordsOf(text);
  if ('problem' in line) return line;
  const parted = partOptions(line.words, runOptions);
  if ('problem' in parted) return parted;
  const [image = '', ...args] = parted.rest;
  if (image === '') return { problem: 'docker run is given no image' };
  return { command: { image, args, flags: parted.given }, operators: line.operators };
}
