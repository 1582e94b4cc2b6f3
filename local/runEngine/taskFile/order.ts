import { TaskFileFault } from './fault.ts';
import type { Texts } from './fields.ts';

/** A step before it is known what it waits for. */
interface Unordered {
  id: string;
  line: number;
  when: Texts;
}

/** The name of the engine's own root of all steps. */
const root = 'acb_root';

/**
 * What each step waits for, in the order of the steps: what its `when` names; nothing where that is `-`; without one the
 * step before it. The engine reads the steps one after another, so `when` can name earlier ones alone.
 * @throws TaskFileFault
 */
export function orderSteps(steps: readonly Unordered[]): string[][] {
  const known = new Set<string>();
  return steps.map(({ id, line, when }, at) => {
    const names = when.map(({ text }) => text);
    const refuse = (problem: string, where = line): never => {
      throw new TaskFileFault(where, problem);
    };
    if (names.includes('-') && names.length > 1)
      refuse(`when of step ${id}: "-" stands alone.`, when[0]!.line);
    if (names.includes(id)) refuse(`when of step ${id} names the step itself.`, when[0]!.line);
    if (id === root) refuse(`the id ${root} is the engine's own.`);
    if (known.has(id)) refuse(`two steps have the id ${id}.`);
    known.add(id);
    if (names.length === 0) return at === 0 ? [] : [steps[at - 1]!.id];
    if (names[0] === '-') return [];
    for (const { text, line: where } of when)
      if (!known.has(text))
        refuse(`when of step ${id} names ${text}, and no step before it has that id.`, where);
    return names;
  });
}
