import { z } from 'zod';

/** What is registered, or is to be, at the server of a task's repository. */
export const Hook = z.object({
  provider: z.enum(['Github', 'VisualStudioTeamService']),
  repositoryUrl: z.string(),
  /** Where deliveries are to come. */
  url: z.string(),
  events: z.array(z.enum(['commit', 'pullrequest'])),
});
export type Hook = z.infer<typeof Hook>;

/**
 * The webhook of one source trigger. Its row outlives the task until the registration is removed too, so all that the
 * removal needs is in it.
 */
export const Webhook = z.object({
  registry: z.string(),
  task: z.string(),
  trigger: z.string(),
  hook: Hook,
  /** Proves deliveries: key of GitHub's signature, password of Azure DevOps. Sealed. */
  secret: z.string(),
  /** What registers and removes the hook. Sealed; absent when the task has none. */
  token: z.string().optional(),
  tokenType: z.enum(['PAT', 'OAuth']).optional(),
  /**
   * Pending: to be registered at `nextAttempt`. ByHand: a person must, the message holds the steps. Removing: the
   * trigger is gone, the registration is to go at `nextAttempt`. Off: the trigger is disabled.
   */
  status: z.enum(['Pending', 'Registered', 'ByHand', 'Off', 'Removing']),
  message: z.string().optional(),
  /** What the server calls the registrations of `hook`; empty while there are none. */
  ids: z.array(z.string()),
  attempts: z.number().int(),
  nextAttempt: z.iso.datetime().optional(),
});
export type Webhook = z.infer<typeof Webhook>;

/** A delivery that has started a run: it starts no other, however often and under whatever id it comes again. */
export interface Delivery {
  registry: string;
  task: string;
  trigger: string;
  /** The sender's id of the delivery, or what moved: the same push has the same. */
  key: string;
  runId: string;
  time: string;
}
