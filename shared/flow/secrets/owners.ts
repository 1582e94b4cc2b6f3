import { foldedName } from '../../names/taskKey.ts';

/** What a sealed secret belongs to, in the words of its seal. */
export const taskOwner = (registry: string, task: string) => foldedName(`${registry}/tasks/${task}`);
export const webhookOwner = (registry: string, task: string, trigger: string) =>
  foldedName(`${registry}/tasks/${task}/webhooks/${trigger}`);
export const runOwner = (registry: string, runId: string) => foldedName(`${registry}/runs/${runId}`);
