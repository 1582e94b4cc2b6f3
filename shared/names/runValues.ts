import { PlinthError } from './plinthError.ts';
/** What `{{.Run.X}}` stands for in image names and arguments; the names are ACR's. */
export interface RunValues {
  ID: string;
  TaskName: string;
  Registry: string;
  RegistryName: string;
  Date: string;
  OS: string;
  Architecture: string;
  Commit: string;
  Branch: string;
}

export class RunValueError extends PlinthError {}

/** `yyyyMMdd-HHmmssz` in UTC, as ACR writes `{{.Run.Date}}`: 20181008-154332z. */
export function runDate(time: Date): string {
  const iso = time.toISOString();
  return `${iso.slice(0, 10).replaceAll('-', '')}-${iso.slice(11, 19).replaceAll(':', '')}z`;
}

/**
 * Fills in the Run values of one text. `{{.Build.ID}}` is the old name of `{{.Run.ID}}`.
 * @throws RunValueError for a value that does not exist, naming those that do
 */
export function renderRunValues(text: string, values: RunValues): string {
  return text.replace(/\{\{-?\s*([^{}]*?)\s*-?\}\}/g, (whole, expression: string) => {
    if (expression === '.Build.ID') return values.ID;
    const name = /^\.Run\.(\w+)$/.exec(expression)?.[1];
    if (name && Object.hasOwn(values, name)) return values[name as keyof RunValues];
    const known = Object.keys(values).map((key) => `{{.Run.${key}}}`);
    throw new RunValueError(`${whole} in "${text}" is not known. There are ${known.join(', ')}.`);
  });
}

/**
 * A build argument with its Run values filled in.
 * @throws RunValueError that names a secret argument and shows nothing of it
 */
export function renderArgument<T extends { name: string; value: string; isSecret: boolean }>(
  argument: T,
  values: RunValues,
): T {
  try {
    return { ...argument, value: renderRunValues(argument.value, values) };
  } catch (error) {
    if (!(error instanceof RunValueError) || !argument.isSecret) throw error;
    throw new RunValueError(
      `The secret argument ${argument.name} has two braces with something between them that is no Run value.`,
    );
  }
}

/** Whether every run gives the text another value, so that no other image can be built on the one it names. */
export const differsEachRun = (text: string) =>
  /\{\{-?\s*\.(Run\.(ID|Date|Commit)|Build\.ID)\s*-?\}\}/.test(text);
