import { DockerfileRefusal } from './errors.ts';

/**
 * What the expansion of variables may cost in one file, in characters written and compared. Eleven lines of
 * `ARG B=$A$A$A$A$A$A` make a value larger than memory, so that some limit is needed; this one is some thousand
 * times what the largest real Dockerfile was seen to use.
 */
export type Budget = { left: number };

const budgetOfOneFile = 4_000_000;

export function newBudget(): Budget {
  return { left: budgetOfOneFile };
}

export function spend(budget: Budget, cost: number): void {
  budget.left -= cost;
  if (budget.left < 0) throw new DockerfileRefusal('its variables expand to more text than can be handled');
}
