import type { z } from 'zod';

/** A request that cannot be met; it becomes an answer in ARM's error shape and has changed nothing. */
export class Refusal extends Error {
  override name = 'Refusal';
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }

  /** 400 naming each field that is wrong, never its value: it may be a secret. */
  static ofSchema(error: z.ZodError): Refusal {
    const problems = error.issues.map((issue) => `${issue.path.join('.') || 'the body'}: ${plain(issue)}`);
    return new Refusal(400, 'InvalidRequestContent', `The request is not valid. ${problems.join('; ')}`);
  }
}

/** zod's words for a member that is not there, or a key that cannot be, say little to whoever wrote it. */
function plain(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_key') return issue.issues.map(plain).join(', ');
  return issue.message.replace(/^Invalid input: expected (.+), received undefined$/, 'is missing ($1)');
}

export const noTask = (registry: string, task: string) =>
  new Refusal(404, 'TaskNotFound', `There is no task '${task}' in registry '${registry}'.`);

export const noRun = (registry: string, runId: string) =>
  new Refusal(404, 'RunNotFound', `There is no run '${runId}' in registry '${registry}'.`);
