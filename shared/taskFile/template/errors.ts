import { PlinthError } from '../../names/plinthError.ts';
/** A task file (acr-task.yaml, or its values file) that cannot be run, with the line at fault, counted from 1. */
export class TaskFileError extends PlinthError {
  readonly line: number;
  problem: string;
  constructor(line: number, problem: string, file = '') {
    super(file === '' ? `Line ${line}: ${problem}` : `${file}, line ${line}: ${problem}`);
    this.line = line;
    this.problem = problem;
  }
}

/** What is wrong with a template, for people; the caller adds its line and makes a TaskFileError of it. */
export class TemplateFault extends Error {}

/** Runs `read`, and puts the file's name into what it finds wrong. */
export function inFile<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof TaskFileError) throw new TaskFileError(error.line, error.problem, file);
    throw error;
  }
}
