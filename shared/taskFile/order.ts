import { TaskFileError } from './template/errors.ts';

/** A step as its order is given: `when` absent, `['-']`, or the ids it waits for, each with its line. */
export interface Ordered {
  id: string;
  line: number;
  when: { text: string; line: number }[] | undefined;
}

/**
 * The steps each step waits for: those of its `when`; none for `["-"]`; without `when` the one before it.
 * @throws TaskFileError for an id that no step has, for "-" beside other ids, and for a later step, which the engine
 * has not read yet
 */
export function orderOf(steps: readonly Ordered[]): Map<string, string[]> {
  const lines = new Map<string, number>();
  for (const { id, line } of steps) {
    const first = lines.get(id);
    if (first !== undefined)
      throw new TaskFileError(line, `the id ${id} is taken already by the step of line ${first}.`);
    lines.set(id, line);
  }
  const after = new Map<string, string[]>();
  for (const [at, { id, when }] of steps.entries()) {
    if (when === undefined || when.length === 0) {
      after.set(id, at === 0 ? [] : [steps[at - 1]!.id]);
      continue;
    }
    const immediate = when.find(({ text }) => text === '-');
    if (immediate && when.length > 1)
      throw new TaskFileError(
        immediate.line,
        `when of step ${id} names "-" and other steps; "-" stands alone.`,
      );
    for (const { text, line } of immediate ? [] : when) {
      if (text === id) throw new TaskFileError(line, `step ${id} waits for itself.`);
      if (!lines.has(text))
        throw new TaskFileError(
          line,
          `when of step ${id} names ${text}, but no step has that id. There are ${[...lines.keys()].join(', ')}.`,
        );
      if (!after.has(text))
        throw new TaskFileError(
          line,
          `when of step ${id} names ${text}, which comes later in the file; it can name steps before it alone.`,
        );
    }
    after.set(id, immediate ? [] : when.map(({ text }) => text));
  }
  return after;
}
