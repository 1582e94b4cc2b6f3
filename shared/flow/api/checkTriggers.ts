import type { Triggers } from '../../model/task.ts';
import { repositoryKey, SourceRepositoryError } from '../../names/sourceRepository.ts';
import { parseSchedule, ScheduleError } from '../../rules/cron.ts';
import { Refusal } from '../refusal.ts';

/** What one transaction and one row can hold with room to spare. */
const maxOfAKind = 20;

/** Checks a task's triggers beyond their schema. @throws Refusal 400 that names the trigger */
export function checkTriggers({ timerTriggers = [], sourceTriggers = [] }: Triggers): void {
  checkNames('timer', timerTriggers);
  checkNames('source', sourceTriggers);
  for (const { name, schedule } of timerTriggers)
    refuse(`timer trigger '${name}'`, ScheduleError, () => parseSchedule(schedule));
  for (const { name, sourceRepository } of sourceTriggers)
    refuse(`source trigger '${name}'`, SourceRepositoryError, () =>
      repositoryKey(sourceRepository.sourceControlType, sourceRepository.repositoryUrl),
    );
}

function checkNames(kind: string, triggers: { name: string }[]): void {
  if (triggers.length > maxOfAKind)
    throw new Refusal(400, 'InvalidTrigger', `A task has at most ${maxOfAKind} ${kind} triggers.`);
  const names = triggers.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined)
    throw new Refusal(400, 'InvalidTrigger', `Two ${kind} triggers have the name '${twice}'.`);
}

function refuse(
  what: string,
  kind: typeof ScheduleError | typeof SourceRepositoryError,
  check: () => unknown,
): void {
  try {
    check();
  } catch (error) {
    if (error instanceof kind)
      throw new Refusal(400, 'InvalidTrigger', `The ${what} is not valid. ${error.message}`);
    throw error;
  }
}
