/** What a sealed secret belongs to, in the words of its seal. */
export const taskOwner = (registry: string, task: string) => `${registry}/tasks/${task}`.toLowerCase();
export const webhookOwner = (registry: string, task: string, trigger: string) =>
  `${registry}/tasks/${task}/webhooks/${trigger}`.toLowerCase();
export const runOwner = (registry: string, runId: string) => `${registry}/runs/${runId}`.toLowerCase();
