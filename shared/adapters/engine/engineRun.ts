import { z } from 'zod';
import { ImageDescriptor, RunStatus } from '../../model/run.ts';
import type { EngineRun } from '../../ports/runEngine.ts';

/** What is read of ACR's Run; Azure adds fields, so anything else is let through. */
export const AcrRun = z.object({
  properties: z.object({
    runId: z.string(),
    status: RunStatus,
    startTime: z.string().nullish(),
    finishTime: z.string().nullish(),
    outputImages: z.array(ImageDescriptor).nullish(),
    runErrorMessage: z.string().nullish(),
  }),
});

/** A Run of ACR in the port's words. */
export function toEngineRun({ properties }: z.infer<typeof AcrRun>): EngineRun {
  const { runId, status, startTime, finishTime, outputImages, runErrorMessage } = properties;
  return {
    runId,
    status,
    ...(startTime && { startTime }),
    ...(finishTime && { finishTime }),
    outputImages: outputImages ?? [],
    ...(runErrorMessage && { runErrorMessage }),
  };
}
