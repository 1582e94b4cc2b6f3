import { isMap, isScalar, isSeq, type Node, type YAMLSeq } from 'yaml';
import { withoutSecrets } from './hide.ts';
import type { Aliases } from './template/aliases.ts';
import { TaskFileError } from './template/errors.ts';
import { expandFile } from './template/expand.ts';
import { entriesOf, parseGoYaml, plainOf, scalarValue } from './template/goYaml.ts';
import { hiddenIn, type SetValue, scopeOf, type TemplateData } from './template/values.ts';
import { quoteWord } from './words.ts';

export interface EngineText {
  /** A task file with the run's values in it; secrets are still templates. */
  content: string;
  /** The secrets, as the run's `values`. */
  values: SetValue[];
}

/** Run values that only the engine has. */
const engineOwn = new Set(['SharedVolume']);

/**
 * A task file for the run engine, whose run has another id than Plinth's: aliases and templates are filled in. A secret
 * stays a template, so that no text holds it; it goes along as a secret value, and so does what a function makes of it.
 * The engine reads the text once more: nothing that was filled in means anything to it then.
 * @param data with the secrets of the file's `secrets`, which becomes empty, as Plinth has read them
 * @param files by the index of a build step, the Dockerfile it is to use instead
 * @throws TaskFileError
 */
export function engineText(
  text: string,
  data: TemplateData,
  secrets: readonly SetValue[],
  files: ReadonlyMap<number, string> = new Map(),
): EngineText {
  try {
    return textOf(text, data, secrets, files);
  } catch (error) {
    throw withoutSecrets(error, hiddenIn(data));
  }
}

function textOf(
  text: string,
  data: TemplateData,
  secrets: readonly SetValue[],
  files: ReadonlyMap<number, string>,
): EngineText {
  const kept: string[] = [];
  const keep = (template: string) => `PlinthKept${kept.push(template) - 1}Template`;
  const values = new Map<string, SetValue>();
  const secretOf = (name: string | undefined) =>
    secrets.find((value) => value.isSecret && value.name === name);
  const hides = ([root, name]: string[]) => {
    if (root === 'Secrets') return true;
    if (root === 'Values')
      return name === undefined ? secrets.some(({ isSecret }) => isSecret) : !!secretOf(name);
    return root === 'ValuesJSON' && secrets.some(({ isSecret }) => isSecret);
  };
  const asSecret = (value: SetValue) => {
    values.set(value.name, value);
    return keep(`{{.Values.${value.name}}}`);
  };

  const expanded = expandFile(text, scopeOf(data), (value, paths, template) => {
    if (paths.some(([root, name = '']) => root === 'Run' && engineOwn.has(name))) return keep(template);
    if (value === '' || !paths.some(hides)) return value;
    const [[root, name = ''] = []] = paths;
    const plain = paths.length === 1 && /^\{\{-?\s*[.\w]+\s*-?\}\}$/.test(template);
    const given = root === 'Values' ? secretOf(name) : undefined;
    if (plain && given) return asSecret(given);
    const known = [...values.values()].find((one) => one.value === value && !secretOf(one.name));
    return asSecret(
      known ?? {
        name: plain ? `secret_${name}` : freeName(values, secrets),
        value,
        isSecret: true,
      },
    );
  });
  const restored = (text: string) =>
    text
      .replaceAll('{{', '{{"{{"}}')
      .replaceAll(/PlinthKept(\d+)Template/g, (_, at: string) => kept[Number(at)]!);
  const { aliases, lines } = expanded;
  const content = inPlace(
    restored(edited(expanded.text, files).replaceAll(/(?<=^[^\S\n]*)#(?=.)/gm, () => keep('{{"#"}}'))),
    lines,
  );
  return {
    content: aliases ? withAliases(content, aliases, restored) : content,
    values: [...values.values()],
  };
}

/** Each line where it is in the source; the engine drops comment lines before all else. */
function inPlace(text: string, lines: number[]): string {
  const out: string[] = [];
  for (const [at, line] of text.split('\n').entries()) {
    while (out.length < (lines[at] ?? 0) - 1) out.push('#');
    out.push(line);
  }
  return out.join('\n');
}

/** The engine expands the text again, and finds the names of images in the section. */
function withAliases(content: string, aliases: Aliases, restored: (text: string) => string): string {
  const { directive, values } = aliases;
  const doubled = content.replaceAll(directive, () => directive.repeat(2));
  if (directive === '$' && Object.keys(values).length === 0) return doubled;
  const section = `alias: ${restored(JSON.stringify(aliases))}\n`;
  const lines = doubled.split('\n');
  const version = lines.findIndex((line) => line.startsWith('version'));
  const rest = lines.slice(version + 1);
  // In the place of a line that stood there, so that the others stay where they are.
  const from = rest[0] === '#' ? 1 : 0;
  return `${lines.slice(0, version + 1).join('\n')}\n${section}${rest.slice(from).join('\n')}`;
}

/** A name that no value of the run has. */
function freeName(values: ReadonlyMap<string, SetValue>, secrets: readonly SetValue[]): string {
  const taken = new Set([...values.keys(), ...secrets.map(({ name }) => name)]);
  for (let at = 1; ; at++) if (!taken.has(`secret${at}`)) return `secret${at}`;
}

/** Everything but what is changed stays as its author wrote it. */
function edited(text: string, files: ReadonlyMap<number, string>): string {
  const yaml = parseGoYaml(text);
  const edits: { start: number; end: number; by: string }[] = [];
  const replace = (node: unknown, by: string) => {
    const [start, end] = (node as Node).range!;
    const old = text.slice(start, end);
    const last = old.endsWith('\n') ? '\n' : '';
    const margin = start === 0 || text[start - 1] === '\n' ? ' ' : '';
    edits.push({
      start,
      end,
      by: margin + by + '\n#'.repeat(old.split('\n').length - 1 - last.length) + last,
    });
  };
  const secrets = valueOf(yaml.root, 'secrets');
  if (isSeq(secrets)) replace(secrets, '[]');
  const steps = valueOf(yaml.root, 'steps');
  const builds = new Map(
    [...files].map(([at, file]) => {
      const build = isSeq(steps) ? valueOf(steps.items[at], 'build') : undefined;
      if (!isScalar(build)) throw new TaskFileError(1, `step ${at + 1} has no build.`);
      return [at, { build, by: JSON.stringify(withFile(String(build.value).trim(), file)) }] as const;
    }),
  );
  if (!yaml.shared) for (const { build, by } of builds.values()) replace(build, by);
  else if (builds.size > 0) {
    plainOf(steps, yaml);
    // Two steps may share a node: each is written out.
    const items = (steps as YAMLSeq).items.map((step, at) => flow(step, builds.get(at)?.by));
    replace(steps, `[${items.join(', ')}]`);
  }
  let out = text;
  for (const { start, end, by } of edits.sort((a, b) => b.start - a.start))
    out = out.slice(0, start) + by + out.slice(end);
  return out;
}

const valueOf = (map: unknown, name: string) =>
  entriesOf(map).findLast((entry) => entry.name === name)?.value;

/** A node on one line, in its own words. */
function flow(node: unknown, build?: string): string {
  if (isSeq(node)) return `[${node.items.map((item) => flow(item)).join(', ')}]`;
  if (isMap(node)) {
    const entries = new Map(entriesOf(node).map(({ name, value }) => [name, flow(value)]));
    if (build !== undefined) entries.set('build', build);
    return `{${[...entries].map(([name, value]) => `${JSON.stringify(name)}: ${value}`).join(', ')}}`;
  }
  if (!isScalar(node)) return '~';
  const value = scalarValue(node);
  return typeof value === 'string' ? JSON.stringify(value) : String(node.value || '~');
}

/** The arguments of a build step with another Dockerfile: of two, docker takes the last. */
const withFile = (build: string, file: string) => `${build} -f ${quoteWord(file)}`;
