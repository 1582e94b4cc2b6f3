import type { Budget } from './budget.ts';
import { DockerfileRefusal, onLine, quote } from './errors.ts';
import { type DockerfileFlag, type FlagKind, type FlagValues, noFlags, readFlags } from './flags.ts';
import { blankSeparated, type Span, toLower, trimSpan } from './goText.ts';
import { checkHealthcheckFlags, healthcheckFlags } from './healthcheck.ts';
import { parseHeredoc } from './heredocs.ts';
import type { LogicalLine } from './lines.ts';
import { checkDevice, mountFrom } from './mounts.ts';
import { firstWord, type Node } from './nodes.ts';
import { quotedWords } from './quotedWords.ts';

/**
 * A name of an image or stage, and where it is written: in a word of its own, in a flag, or nowhere, as BuildKit
 * takes a mount without `from` for one from scratch.
 */
export type Name = { value: string; line: LogicalLine; at: Span; flag?: DockerfileFlag; isImplied?: boolean };

export type Assignment = { name: string; value?: string };

/** What an instruction means, as far as base images go. */
export type Instruction =
  | { kind: 'from'; base: Name; stage: string; platform?: string }
  | { kind: 'arg'; assignments: Assignment[] }
  | { kind: 'copy'; from: Name }
  | { kind: 'run'; mounts: Name[] }
  | { kind: 'onbuild'; node: Node }
  | { kind: 'other' };

const other: Instruction = { kind: 'other' };

const copyFlags = { chown: 'text', chmod: 'text', link: 'switch', exclude: 'texts' } as const;
const flagsOf: Record<string, Record<string, FlagKind>> = {
  add: { ...copyFlags, 'keep-git-dir': 'switch', checksum: 'text', unpack: 'switch' },
  cmd: {},
  copy: { ...copyFlags, from: 'text', parents: 'switch' },
  entrypoint: {},
  env: {},
  expose: {},
  from: { platform: 'text' },
  label: {},
  maintainer: {},
  onbuild: {},
  run: { mount: 'texts', network: 'text', security: 'text', device: 'texts' },
  shell: {},
  user: {},
  volume: {},
  workdir: {},
};
// BuildKit does not look at the flags of these.
const flagless = new Set(['arg', 'stopsignal']);

/** Understands one instruction, or refuses it as BuildKit would. */
export function readInstruction(node: Node, budget: Budget): Instruction {
  return onLine(node.line.line, () => understand(node, budget));
}

function understand(node: Node, budget: Budget): Instruction {
  const { name, line, escapeChar } = node;
  const rest = line.text.slice(node.rest.start, node.rest.end);
  const isKnown = flagless.has(name) || name === 'healthcheck' || Object.hasOwn(flagsOf, name);
  if (!isKnown) throw new DockerfileRefusal(`unknown instruction: ${quote(name.toUpperCase())}`);
  if (name === 'healthcheck') return healthcheck(node);
  const flags: FlagValues = flagless.has(name) ? noFlags : readFlags(node.flags, flagsOf[name]!);

  switch (name) {
    case 'from':
      return from(node, flags);
    case 'arg':
      return { kind: 'arg', assignments: assignments(rest, escapeChar) };
    case 'add':
    case 'copy': {
      checkCopy(name, argumentsOf(node), budget);
      const given = flags.get('from')?.[0];
      if (name === 'add' || given === undefined || given.value === '') return other;
      const span = { start: given.valueAt, end: given.flag.text.length };
      return { kind: 'copy', from: { value: given.value, line, at: span, flag: given.flag } };
    }
    case 'run':
      return run(line, flags);
    case 'onbuild':
      return onbuild(node);
    case 'env':
    case 'label':
      checkNames(name.toUpperCase(), quotedWords(rest, escapeChar));
      return other;
    case 'shell':
      if (node.json === undefined || node.json.length === 0)
        throw new DockerfileRefusal('SHELL wants the JSON form');
      return other;
    case 'volume': {
      const paths = argumentsOf(node);
      if (paths.length === 0 || paths.some(isOnlySpace)) throw new DockerfileRefusal('VOLUME wants a path');
      return other;
    }
    case 'cmd':
    case 'entrypoint':
      return other;
    default:
      if (rest === '') throw new DockerfileRefusal(`${name.toUpperCase()} wants an argument`);
      return other;
  }
}

function at(line: LogicalLine, span: Span): string {
  return line.text.slice(span.start, span.end);
}

function argumentsOf({ line, rest, json }: Node): string[] {
  return json ?? blankSeparated(line.text, rest).map((word) => at(line, word));
}

function isOnlySpace(text: string): boolean {
  const { start, end } = trimSpan(text, { start: 0, end: text.length });
  return start === end;
}

function from({ line, rest }: Node, flags: FlagValues): Instruction {
  const [base, as, stageName, ...others] = blankSeparated(line.text, rest);
  // Go's EqualFold also takes the long s for an s.
  const named = as !== undefined && stageName !== undefined && /^[aA][sSſ]$/.test(at(line, as));
  if (base === undefined || others.length > 0 || (as !== undefined && !named)) {
    throw new DockerfileRefusal('FROM wants an image, or an image AS a name');
  }
  const stage = named ? toLower(at(line, stageName)) : '';
  if (named && (!/^[a-z]/.test(stage) || /[^a-z0-9._-]/.test(stage))) {
    throw new DockerfileRefusal(`${quote(at(line, stageName))} cannot be the name of a stage`);
  }
  const platform = flags.get('platform')?.[0]?.value ?? '';
  const name = { value: at(line, base), line, at: base };
  return platform === ''
    ? { kind: 'from', base: name, stage }
    : { kind: 'from', base: name, stage, platform };
}

function assignments(rest: string, escapeChar: string): Assignment[] {
  const words = quotedWords(rest, escapeChar);
  if (words.length === 0) throw new DockerfileRefusal('ARG wants a name');
  return words.map((word) => {
    const equals = word.indexOf('=');
    if (equals === 0) throw new DockerfileRefusal('ARG wants a name before =');
    return equals < 0 ? { name: word } : { name: word.slice(0, equals), value: word.slice(equals + 1) };
  });
}

function checkNames(instruction: string, words: string[]): void {
  if (words.length === 0) throw new DockerfileRefusal(`${instruction} wants name=value`);
  // In the old form, `ENV name value`, a word may well start so.
  const isOldForm = !words[0]!.includes('=');
  if (!isOldForm && words.some((word) => word.startsWith('='))) {
    throw new DockerfileRefusal(`${instruction} wants a name before =`);
  }
}

function checkCopy(name: string, args: string[], budget: Budget): void {
  if (args.length < 2) throw new DockerfileRefusal(`${name.toUpperCase()} wants a source and a destination`);
  let destination: unknown;
  try {
    destination = parseHeredoc(args.at(-1)!, budget);
  } catch (error) {
    if (!(error instanceof DockerfileRefusal)) throw error;
  }
  if (destination !== undefined)
    throw new DockerfileRefusal(`${name.toUpperCase()} cannot have a heredoc as its destination`);
}

function run(line: LogicalLine, flags: FlagValues): Instruction {
  const network = flags.get('network')?.[0]?.value ?? 'default';
  if (!['default', 'none', 'host'].includes(network))
    throw new DockerfileRefusal(`${quote(network)} is no network mode`);
  const security = flags.get('security')?.[0]?.value ?? 'sandbox';
  if (!['sandbox', 'insecure'].includes(security))
    throw new DockerfileRefusal(`${quote(security)} is no security mode`);
  for (const { value } of flags.get('device') ?? []) checkDevice(value);
  const mounts = (flags.get('mount') ?? []).map(({ flag, value, valueAt }): Name => {
    const found = mountFrom(value);
    if (found === undefined) return { value: 'scratch', line, at: { start: 0, end: 0 }, isImplied: true };
    const span = { start: valueAt + found.span.start, end: valueAt + found.span.end };
    return { value: found.from, line, at: span, flag };
  });
  return mounts.length === 0 ? other : { kind: 'run', mounts };
}

function onbuild(node: Node): Instruction {
  const trigger = node.trigger?.node.name.toUpperCase();
  if (trigger === undefined) throw new DockerfileRefusal('ONBUILD wants an instruction');
  if (['FROM', 'MAINTAINER', 'ONBUILD'].includes(trigger))
    throw new DockerfileRefusal(`${trigger} cannot follow ONBUILD`);
  return { kind: 'onbuild', node };
}

function healthcheck(node: Node): Instruction {
  const { text } = node.line;
  const first = firstWord(text, node.rest);
  const kind = text.slice(first.start, first.end).toUpperCase();
  const hasCommand = node.json === undefined ? first.end < node.rest.end : node.json.length > 0;
  if (kind === 'NONE') {
    if (hasCommand) throw new DockerfileRefusal('HEALTHCHECK NONE takes no arguments');
    return other;
  }
  checkHealthcheckFlags(readFlags(node.flags, healthcheckFlags));
  if (kind !== 'CMD') throw new DockerfileRefusal('HEALTHCHECK wants CMD or NONE');
  if (!hasCommand) throw new DockerfileRefusal('HEALTHCHECK CMD wants a command');
  return other;
}
