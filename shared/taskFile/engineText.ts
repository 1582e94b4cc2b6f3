import { isMap, isSeq, LineCounter, type Node, parseDocument } from 'yaml';
import { expandAliases, readAliases, sectionLines, versionOf } from './aliases.ts';
import { TaskFileError } from './errors.ts';
import { renderTemplate } from './template.ts';
import { lookupIn, type SetValue, type TemplateData } from './values.ts';
import { quoteWord, splitWords } from './words.ts';

export interface EngineText {
  /** A task file with the run's values in it; secrets are still templates. */
  content: string;
  /** The secrets, as the run's `values`. */
  values: SetValue[];
}

/** Run values that only the engine knows. */
const engineOwn = new Set(['SharedVolume']);

/**
 * A task file for the run engine, whose run has another id than ours: `{{.Run.X}}`, the aliases for them and the plain
 * values are filled in. A secret stays a template, so that no text holds it; it goes along as a secret value.
 * @param data with the secrets of the file's `secrets`, which becomes empty: who reads them is we
 * @param files by the index of a build step, the Dockerfile it is to use instead
 * @throws TaskFileError
 */
export function engineText(
  text: string,
  data: TemplateData,
  secrets: readonly SetValue[],
  files: ReadonlyMap<number, string> = new Map(),
): EngineText {
  const kept: string[] = [];
  const keep = (template: string) => `PlinthKept${kept.push(template) - 1}Template`;
  const lookup = lookupIn(data);
  const values = new Map<string, SetValue>();
  const { text: rendered } = renderTemplate(withAliases(text), (path, template) => {
    const found = lookup(path, template);
    if (typeof found !== 'string') return found;
    const [root, name = ''] = path;
    if (root === 'Run' && engineOwn.has(name)) return keep(`{{.Run.${name}}}`);
    if (root === 'Values') {
      const secret = secrets.find((value) => value.isSecret && value.name === name);
      if (!secret || path.length > 2) return found;
      values.set(name, secret);
      return keep(`{{.Values.${name}}}`);
    }
    if (root !== 'Secrets') return found;
    const named = `secret_${name}`;
    values.set(named, { name: named, value: found, isSecret: true });
    return keep(`{{.Values.${named}}}`);
  });
  const content = edited(rendered, files).replace(
    /PlinthKept(\d+)Template/g,
    (_, at: string) => kept[Number(at)]!,
  );
  return { content, values: [...values.values()] };
}

/** Aliases filled in, their section left where it is: the engine finds the names of images in it. */
function withAliases(text: string): string {
  if (versionOf(text) !== 'v1.1.0') return text;
  const { aliases, rest } = readAliases(text);
  const inSection = sectionLines(text);
  const original = text.split('\n');
  return expandAliases(rest, aliases, true)
    .split('\n')
    .map((line, at) => (inSection[at] ? original[at] : line))
    .join('\n');
}

interface Edit {
  start: number;
  end: number;
  text: string;
}

/** Everything but what is changed stays as its author wrote it. */
function edited(text: string, files: ReadonlyMap<number, string>): string {
  const document = parseDocument(text, { lineCounter: new LineCounter(), uniqueKeys: false });
  const edits: Edit[] = [];
  const replace = (node: unknown, by: string) => {
    const [start, end] = (node as Node).range!;
    edits.push({ start, end, text: text.slice(start, end).endsWith('\n') ? `${by}\n` : by });
  };
  const secrets = document.get('secrets', true);
  if (isSeq(secrets)) replace(secrets, '[]');
  const steps = document.get('steps', true);
  for (const [at, file] of files) {
    const step = isSeq(steps) ? steps.items[at] : undefined;
    const build = isMap(step) ? step.get('build', true) : undefined;
    if (!build) throw new TaskFileError(1, `step ${at + 1} has no build.`);
    replace(build, JSON.stringify(withFile(String(build.value).trim(), file)));
  }
  let out = text;
  for (const { start, end, text: by } of edits.sort((a, b) => b.start - a.start))
    out = out.slice(0, start) + by + out.slice(end);
  return out;
}

const fileOption = /(?<=^|\s)(?:-f|--file)(?:=|\s*)(?:'[^']*'|"(?:\\.|[^"\\])*"|(?:\\.|[^\s'"\\])+)+\s*/g;

/** The arguments of a build step with another Dockerfile, the others as their author wrote them. */
export function withFile(build: string, file: string): string {
  const { words } = splitWords(build);
  const others = words.filter(
    (word, at) =>
      !/^(-f|--file)(=|$)/.test(word) && !/^-f./.test(word) && !/^(-f|--file)$/.test(words[at - 1] ?? ''),
  );
  const rest = build.replace(fileOption, '');
  const kept = splitWords(rest).words;
  const same = kept.length === others.length && kept.every((word, at) => word === others[at]);
  return ['-f', quoteWord(file), ...(same ? [rest] : others.map(quoteWord))].join(' ');
}
