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
    return Refusal.ofFaults(
      error.issues.map((issue) => `${issue.path.join('.') || 'the body'}: ${plain(issue)}`),
    );
  }

  /** 400 with each fault of the body, `where: what`. */
  static ofFaults(faults: string[]): Refusal {
    return new Refusal(400, 'InvalidRequestContent', `The request is not valid. ${faults.join('; ')}`);
  }
}

/** What is wrong, for whoever wrote it: zod's own words are about its types. */
function plain(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_key':
      return issue.issues.map(plain).join(', ');
    case 'too_small':
    case 'too_big':
      return bound(issue) ?? issue.message;
    case 'invalid_value':
      return issue.message.startsWith('Invalid')
        ? `is one of ${issue.values.map(String).join(', ')}`
        : issue.message;
    default:
      return issue.message
        .replace(/^Invalid input: expected (.+), received undefined$/, 'is missing ($1)')
        .replace(/^Invalid input: expected (.+), received (.+)$/, 'is to be $1, and is $2')
        .replace(/^Invalid ISO datetime$/, 'is no date and time as 2026-01-31T10:00:00Z')
        .replace(/^Invalid input$/, 'has a form that is not known');
  }
}

/** A bound in words; undefined where the schema has words of its own. */
function bound(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig): string | undefined {
  if (!/^Too (small|big)/.test(issue.message)) return undefined;
  const [limit, count] =
    issue.code === 'too_small'
      ? (['at least', issue.minimum] as const)
      : (['at most', issue.maximum] as const);
  if (issue.origin === 'string') return count === 1 ? 'is empty' : `has ${limit} ${count} characters`;
  if (issue.origin === 'array') return `has ${limit} ${count} ${count === 1 ? 'entry' : 'entries'}`;
  return `is ${limit} ${count}`;
}

export const noTask = (registry: string, task: string) =>
  new Refusal(404, 'TaskNotFound', `There is no task '${task}' in registry '${registry}'.`);

export const noRun = (registry: string, runId: string) =>
  new Refusal(404, 'RunNotFound', `There is no run '${runId}' in registry '${registry}'.`);
