import type { Hook } from '../model/webhook.ts';
import { PlinthError } from '../names/plinthError.ts';

/** A webhook could not be registered or removed; the message names the server, the reason and what is missing. */
export class SourceControlError extends PlinthError {}

/** What a task's token is allowed to do at its repository's server. */
export interface SourceControlToken {
  token: string;
  tokenType: 'PAT' | 'OAuth';
}

/** The webhooks of GitHub and Azure DevOps. Both calls may be done again; they find by its address what is there. */
export interface SourceControl {
  /**
   * Makes the hook, or brings the one with its address up to date.
   * @param secret signs or accompanies every delivery
   * @returns what the server calls it; several where it needs one for each event
   * @throws SourceControlError
   */
  register(hook: Hook, secret: string, token: SourceControlToken): Promise<string[]>;
  /** Removes what has the hook's address; none is fine. @throws SourceControlError */
  remove(hook: Hook, token: SourceControlToken): Promise<void>;
}
