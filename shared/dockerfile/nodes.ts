import type { Budget } from './budget.ts';
import { DockerfileError, onLine, quote, Refusal } from './errors.ts';
import { type Flag, splitFlags } from './flags.ts';
import { isBlank, type Span, toLower, trimSpan } from './goText.ts';
import { heredocsOfLine } from './heredocs.ts';
import { parseJsonForm } from './jsonForm.ts';
import { type LogicalLine, lineReader } from './lines.ts';
import { checkKeyValues } from './quotedWords.ts';

/** One instruction, split into its parts but not yet understood. */
export type Node = {
  line: LogicalLine;
  /** In lower case, as BuildKit looks it up. */
  name: string;
  flags: Flag[];
  rest: Span;
  /** The strings of the JSON form; undefined where it is not used, or means nothing. */
  json?: string[];
  /** Each heredoc with the line that ends it: they are repeated when ONBUILD runs. */
  heredocs: string[];
  /** What ONBUILD keeps for later. */
  trigger?: Node;
};

const jsonForms = new Set(['add', 'cmd', 'copy', 'entrypoint', 'run', 'shell', 'volume']);
const heredocForms = new Set(['add', 'copy', 'run']);

/** Splits a file into its instructions. What only the meaning of an instruction forbids is not looked at here. */
export function parseNodes(text: string, budget: Budget): { nodes: Node[]; escape: string } {
  const reader = lineReader(text);
  const nodes: Node[] = [];
  for (let line = reader.nextLogical(); line !== undefined; line = reader.nextLogical()) {
    const logical = line;
    const node = onLine(logical.line, () => splitNode(logical, wholeLine(logical), reader.escape()));
    const subject = node.trigger ?? node;
    const opened =
      heredocForms.has(subject.name) && subject.json === undefined
        ? onLine(logical.line, () => heredocsOfLine(logical.text, budget))
        : [];
    for (const { terminator, chomp } of opened) {
      const content = readHeredoc(text, reader, terminator, chomp);
      if (content === undefined)
        throw new DockerfileError(logical.line, `heredoc ${quote(terminator)} has no end`);
      node.heredocs.push(content + terminator);
    }
    nodes.push(node);
  }
  if (nodes.length === 0) throw new DockerfileError(reader.lastNumber(), 'the file has no instructions');
  return { nodes, escape: reader.escape() };
}

function readHeredoc(
  text: string,
  reader: ReturnType<typeof lineReader>,
  terminator: string,
  chomp: boolean,
): string | undefined {
  let start: number | undefined;
  for (let line = reader.nextPhysical(); line !== undefined; line = reader.nextPhysical()) {
    start ??= line.start;
    let from = line.start;
    while (chomp && from < line.end && text[from] === '\t') from++;
    if (line.end - from === terminator.length && text.startsWith(terminator, from)) {
      return text.slice(start, line.start);
    }
  }
  return undefined;
}

function splitNode(line: LogicalLine, span: Span, escape: string): Node {
  const { text } = line;
  const trimmed = trimSpan(text, span);
  const first = firstWord(text, trimmed);
  const name = toLower(text.slice(first.start, first.end));
  const split = splitFlags(text, { start: first.end, end: trimmed.end }, escape);
  const rest = trimSpan(text, { start: split.rest, end: trimmed.end });
  const node: Node = { line, name, flags: split.flags, rest, heredocs: [] };

  if (jsonForms.has(name)) readJsonForm(node, rest);
  else if (name === 'healthcheck') readJsonForm(node, { start: firstWord(text, rest).end, end: rest.end });
  else if (name === 'env' || name === 'label') {
    checkKeyValues(name.toUpperCase(), text.slice(rest.start, rest.end), escape);
  } else if (name === 'onbuild' && rest.start < rest.end) {
    const trigger = firstWord(text, rest);
    // Refused here, though BuildKit does it later: a chain could be as long as the file.
    if (text.slice(trigger.start, trigger.end).toUpperCase() === 'ONBUILD') {
      throw new Refusal('ONBUILD cannot follow ONBUILD');
    }
    node.trigger = splitNode(line, rest, escape);
  }
  return node;
}

function readJsonForm(node: Node, span: Span): void {
  const form = parseJsonForm(node.line.text.slice(span.start, span.end));
  if (form === 'not strings') throw new Refusal('the JSON form takes strings only');
  if (form !== undefined) node.json = form;
}

export function wholeLine({ text }: LogicalLine): Span {
  return { start: 0, end: text.length };
}

export function firstWord(text: string, { start, end }: Span): Span {
  let at = start;
  while (at < end && !isBlank(text.charCodeAt(at))) at++;
  return { start, end: at };
}
