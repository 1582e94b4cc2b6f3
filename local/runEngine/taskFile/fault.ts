/** A task file, or its values file, that the engine does not take. */
export class TaskFileFault extends Error {
  override name = 'TaskFileFault';
  readonly line: number;
  readonly problem: string;
  /** @param line in the file as its author wrote it, from 1 */
  constructor(line: number, problem: string, file = '') {
    super(file === '' ? `Line ${line}: ${problem}` : `${file}, line ${line}: ${problem}`);
    this.line = line;
    this.problem = problem;
  }
}

/** Does `read`, and names the file in what is wrong with it. */
export function ofFile<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof TaskFileFault) throw new TaskFileFault(error.line, error.problem, file);
    throw error;
  }
}
