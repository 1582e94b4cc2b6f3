import type { Budget } from './budget.ts';
import { DockerfileError, Refusal } from './errors.ts';
import { type Instruction, type Name, readInstruction } from './instructions.ts';
import { type LogicalLine, type Stretch, sourceOf } from './lines.ts';
import { type Node, parseNodes } from './nodes.ts';

const parsed = new WeakMap<Node, Instruction>();

/**
 * What ONBUILD runs in a later stage. BuildKit keeps its text, and parses that as a file of its own: so always with
 * `\` as the escape character.
 */
export function readTrigger(node: Node, budget: Budget): Instruction {
  const known = parsed.get(node);
  if (known !== undefined) return known;
  const { line } = node;
  const start = /^[\t\n\f\r ]*ONBUILD[\t\n\f\r ]*/i.exec(line.text)?.[0].length ?? 0;
  const expression = line.text.slice(start);
  const instruction = parseExpression([expression, ...node.heredocs].join('\n'), line.line, budget);
  if (instruction.kind === 'from') throw new Refusal('FROM cannot follow ONBUILD');

  const place = (name: Name): Name => ({ ...name, line: inFile(name.line, line, start, expression.length) });
  if (instruction.kind === 'copy' && instruction.from !== undefined)
    instruction.from = place(instruction.from);
  if (instruction.kind === 'run') instruction.mounts = instruction.mounts.map(place);
  parsed.set(node, instruction);
  return instruction;
}

function parseExpression(text: string, line: number, budget: Budget): Instruction {
  try {
    const { nodes, escape } = parseNodes(text, budget);
    if (nodes.length !== 1) throw new Refusal('what follows ONBUILD is not one instruction');
    return readInstruction(nodes[0]!, escape, budget);
  } catch (error) {
    if (error instanceof DockerfileError) throw new DockerfileError(line, error.reason, { cause: error });
    throw error;
  }
}

/** A line of the trigger's text, its stretches told by their places in the file. */
function inFile(inner: LogicalLine, outer: LogicalLine, start: number, length: number): LogicalLine {
  const stretches: Stretch[] = inner.stretches.flatMap(({ at, source, length: size }) => {
    const from = start + source;
    const to = start + Math.min(source + size, length);
    return sourceOf(outer.stretches, from, to).map((piece) => ({ ...piece, at: at + piece.at - from }));
  });
  return { text: inner.text, stretches, line: outer.line };
}
