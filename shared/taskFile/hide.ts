import { TaskFileError } from './template/errors.ts';
import { splitCommand } from './words.ts';

/** A shorter piece of a secret reveals nothing, and occurs in ordinary sentences. */
const shortest = 3;

/**
 * Takes secrets out of a text that may quote them: the whole of each, its words as a shell and as YAML part them, and
 * what is left of a word at an `=` or a comma.
 */
export function hideSecrets(text: string, secrets: readonly string[]): string {
  const parts = secrets
    .flatMap((secret) => [
      secret,
      ...secret.split(/\s+/),
      ...splitCommand(secret).words,
      ...secret.split(/[\s"'`,;:=&*!|>#@%(){}[\]<-]+/),
    ])
    .filter((part) => part.trim().length >= shortest);
  const sorted = [...new Set(parts)].sort((a, b) => b.length - a.length);
  return sorted.reduce((shown, part) => shown.replaceAll(part, '***'), text);
}

/** Hides them in an error's message. */
export function withoutSecrets(error: unknown, secrets: readonly string[]): unknown {
  if (!(error instanceof Error) || secrets.length === 0) return error;
  const message = hideSecrets(error.message, secrets);
  if (message === error.message) return error;
  if (error.stack !== undefined) error.stack = error.stack.replaceAll(error.message, () => message);
  error.message = message;
  if (error instanceof TaskFileError) error.problem = hideSecrets(error.problem, secrets);
  return error;
}
