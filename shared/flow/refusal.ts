import type { z } from 'zod';
import { faultsOf } from '../model/faultsOf.ts';
import { PlinthError } from '../names/plinthError.ts';

/** A request that cannot be met; it becomes an answer in ARM's error shape and has changed nothing. */
export class Refusal extends PlinthError {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message, { answer: [status, code] });
    this.status = status;
    this.code = code;
  }

  /** 400 naming each field that is wrong, never its value: it may be a secret. */
  static ofSchema(error: z.ZodError): Refusal {
    return Refusal.ofFaults(faultsOf(error));
  }

  /** 400 with each fault of the body, `where: what`. */
  static ofFaults(faults: string[]): Refusal {
    return new Refusal(400, 'InvalidRequestContent', `The request is not valid. ${faults.join('; ')}`);
  }
}

export const noTask = (registry: string, task: string) =>
  new Refusal(404, 'TaskNotFound', `There is no task '${task}' in registry '${registry}'.`);

export const noRun = (registry: string, runId: string) =>
  new Refusal(404, 'RunNotFound', `There is no run '${runId}' in registry '${registry}'.`);
