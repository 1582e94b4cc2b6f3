import { PlinthError } from '../../names/plinthError.ts';
/** Why BuildKit would not build the file, and on which line (counted from 1). */
export class DockerfileError extends PlinthError {
  readonly line: number;
  readonly reason: string;

  constructor(line: number, reason: string, options?: ErrorOptions) {
    super(`Dockerfile line ${line}: ${reason}`, options);
    this.line = line;
    this.reason = reason;
  }
}

/** A fault found where the line number is not known. */
export class DockerfileRefusal extends Error {
  override name = 'Refusal';
}

/** Runs one step of reading; a fault in it becomes a fault of that line. */
export function onLine<Result>(line: number, step: () => Result): Result {
  try {
    return step();
  } catch (error) {
    if (error instanceof DockerfileRefusal) throw new DockerfileError(line, error.message, { cause: error });
    throw error;
  }
}

/** Text from the file, short enough to be shown in an error. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
