import type { Budget } from './syntax/budget.ts';
import { DockerfileError, DockerfileRefusal } from './syntax/errors.ts';
import { type Instruction, type Name, readInstruction } from './syntax/instructions.ts';
import { type LogicalLine, sourceOf } from './syntax/lines.ts';
import { type Node, parseNodes } from './syntax/nodes.ts';

const parsed = new WeakMap<Node, Instruction>();

/** What ONBUILD runs in a later stage. */
export function readTrigger(node: Node, budget: Budget): Instruction {
  const known = parsed.get(node);
  if (known !== undefined) return known;
  const { line, rest, trigger, opens = [] } = node;
  const written = line.text.slice(rest.start, rest.end);
  const isReadAlike = node.escapeChar === '\\' && opens.length === 0 && !/^[#\uFEFF]|\\$/.test(written);
  const instruction = isReadAlike ? readInstruction(trigger!.node, budget) : reread(node, budget);
  if (instruction.kind === 'from') throw new DockerfileRefusal('FROM cannot follow ONBUILD');
  parsed.set(node, instruction);
  return instruction;
}

/**
 * BuildKit keeps the text of a trigger, and parses that as a file of its own: so always with `\` as the escape
 * character, and with directives, comments and continuations of its own.
 */
function reread({ line, trigger }: Node, budget: Budget): Instruction {
  const start = /^[\t\n\f\r ]*ONBUILD[\t\n\f\r ]*/i.exec(line.text)?.[0].length ?? 0;
  const expression = line.text.slice(start);
  const instruction = parseExpression(expression + trigger!.heredocs, line.line, budget);
  const place = (name: Name): Name => ({ ...name, line: inFile(name.line, line, start, expression.length) });
  if (instruction.kind === 'copy') return { kind: 'copy', from: place(instruction.from) };
  if (instruction.kind === 'run') return { kind: 'run', mounts: instruction.mounts.map(place) };
  return instruction;
}

function parseExpression(text: string, line: number, budget: Budget): Instruction {
  try {
    const nodes = [...parseNodes(text, budget)];
    if (nodes.length !== 1) throw new DockerfileRefusal('what follows ONBUILD is not one instruction');
    return readInstruction(nodes[0]!, budget);
  } catch (error) {
    if (error instanceof DockerfileError) throw new DockerfileError(line, error.reason, { cause: error });
    throw error;
  }
}

/** A line of the trigger's text, as positions in the file. */
function inFile(inner: LogicalLine, outer: LogicalLine, start: number, length: number): LogicalLine {
  const source = sourceOf(inner, 0, inner.text.length).flatMap((stretch) => {
    const from = start + stretch.source;
    const to = start + Math.min(stretch.source + stretch.length, length);
    return sourceOf(outer, from, to).map((piece) => ({ ...piece, at: stretch.at + piece.at - from }));
  });
  return { text: inner.text, line: outer.line, source };
}
