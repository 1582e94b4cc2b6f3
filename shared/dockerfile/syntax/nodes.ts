import type { Budget } from './budget.ts';
import { DockerfileError, DockerfileRefusal, onLine, quote } from './errors.ts';
import { type DockerfileFlag, splitFlags } from './flags.ts';
import { isBlank, type Span, toLower, trimSpan } from './goText.ts';
import { type Heredoc, heredocsOfLine } from './heredocs.ts';
import { parseJsonForm } from './jsonForm.ts';
import { type LineReader, type LogicalLine, newLineReader, nextLogical, nextPhysical } from './lines.ts';
import { checkKeyValues } from './quotedWords.ts';

/** One instruction, split into its parts but not yet understood. */
export type Node = {
  line: LogicalLine;
  /** In lower case, as BuildKit looks it up. */
  name: string;
  flags: DockerfileFlag[];
  rest: Span;
  /** The strings of the JSON form; undefined where it is not used, or means nothing. */
  json?: string[];
  escapeChar: string;
  /** The heredocs that its line opens. */
  opens?: Heredoc[];
  /** What ONBUILD keeps for later, and the text of its heredocs. */
  trigger?: { node: Node; heredocs: string };
};

const jsonForms = new Set(['add', 'cmd', 'copy', 'entrypoint', 'run', 'shell', 'volume']);
const heredocForms = new Set(['add', 'copy', 'run']);

/**
 * Splits a file into its instructions, one at a time: few of them are kept. What only the meaning of an instruction
 * forbids is not looked at here.
 */
export function* parseNodes(text: string, budget: Budget): Generator<Node> {
  const reader = newLineReader(text);
  let isEmpty = true;
  for (let line = nextLogical(reader); line !== undefined; line = nextLogical(reader)) {
    const node = readNode(line, reader.directives.escapeChar, budget);
    for (const heredoc of node.opens ?? []) {
      const content = readHeredoc(reader, heredoc);
      if (content === undefined) {
        throw new DockerfileError(line.line, `heredoc ${quote(heredoc.terminator)} has no end`);
      }
      if (node.trigger !== undefined) node.trigger.heredocs += `\n${content}${heredoc.terminator}`;
    }
    yield node;
    isEmpty = false;
  }
  if (isEmpty) throw new DockerfileError(Math.max(reader.number, 1), 'the file has no instructions');
}

function readNode(line: LogicalLine, escapeChar: string, budget: Budget): Node {
  return onLine(line.line, () => {
    const node = splitNode(line, { start: 0, end: line.text.length }, escapeChar);
    const subject = node.trigger?.node ?? node;
    if (heredocForms.has(subject.name) && subject.json === undefined && line.text.includes('<<')) {
      node.opens = heredocsOfLine(line.text, budget);
    }
    return node;
  });
}

function readHeredoc(reader: LineReader, { terminator, chomp }: Heredoc): string | undefined {
  const { text, position: start } = reader;
  for (let line = nextPhysical(reader); line !== undefined; line = nextPhysical(reader)) {
    let from = line.start;
    while (chomp && from < line.end && text[from] === '\t') from++;
    if (line.end - from === terminator.length && text.startsWith(terminator, from)) {
      return text.slice(start, line.start);
    }
  }
  return undefined;
}

function splitNode(line: LogicalLine, span: Span, escapeChar: string): Node {
  const { text } = line;
  const trimmed = trimSpan(text, span);
  const first = firstWord(text, trimmed);
  const name = toLower(text.slice(first.start, first.end));
  const split = splitFlags(text, { start: first.end, end: trimmed.end }, escapeChar);
  const rest = trimSpan(text, { start: split.rest, end: trimmed.end });
  const node: Node = { line, name, flags: split.flags, rest, escapeChar };

  if (jsonForms.has(name)) readJsonForm(node, rest);
  else if (name === 'healthcheck') readJsonForm(node, { start: firstWord(text, rest).end, end: rest.end });
  else if (name === 'env' || name === 'label') {
    checkKeyValues(name.toUpperCase(), text.slice(rest.start, rest.end), escapeChar);
  } else if (name === 'onbuild' && rest.start < rest.end) {
    const trigger = firstWord(text, rest);
    // Refused here, though BuildKit does it later: a chain could be as long as the file.
    if (text.slice(trigger.start, trigger.end).toUpperCase() === 'ONBUILD') {
      throw new DockerfileRefusal('ONBUILD cannot follow ONBUILD');
    }
    node.trigger = { node: splitNode(line, rest, escapeChar), heredocs: '' };
  }
  return node;
}

function readJsonForm(node: Node, span: Span): void {
  const form = parseJsonForm(node.line.text.slice(span.start, span.end));
  if (form === 'not strings') throw new DockerfileRefusal('the JSON form takes strings only');
  if (form !== undefined) node.json = form;
}

export function firstWord(text: string, { start, end }: Span): Span {
  let at = start;
  while (at < end && !isBlank(text.charCodeAt(at))) at++;
  return { start, end: at };
}
