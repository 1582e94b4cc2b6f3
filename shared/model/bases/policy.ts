import { z } from 'zod';
import { canonicalHost } from '../../names/registryHost.ts';
import { imageReference, sha256Digest } from '../fields.ts';
import { ageMs } from './age.ts';

const longestAge = '90d';

/** `3d`, `12h` or `30m`: more than nothing, and no more than 90 days. */
const age = z.string().superRefine((text, context) => {
  const ms = ageMs(text);
  if (ms === undefined)
    context.addIssue('must be a number of days, hours or minutes, such as 3d, 12h or 30m');
  else if (ms === 0 || ms > ageMs(longestAge)!)
    context.addIssue(`must be between 1m and ${longestAge}: what is held for longer is never built on`);
});

/**
 * `docker.io/**`, `baseacr.azurecr.io/os/*`, `docker.io/library/node:22`: `*` is a part of a name between two slashes,
 * `**` any number of parts.
 */
const imagePattern = z
  .string()
  .max(512)
  .superRefine((text, context) => {
    const fault = patternFault(text);
    if (fault) context.addIssue(fault);
  });

function patternFault(text: string): string | undefined {
  if (!/^[a-z0-9.-]+(:\d{1,5})?(\/[a-z0-9._*-]+)+(:[\w.*-]+)?$/.test(text))
    return 'must be {registry}/{repository}, with * or ** in the repository, such as docker.io/** or contoso.azurecr.io/os/*';
  const [host = '', ...path] = text.split('/');
  if (canonicalHost(host) !== host)
    return `matches no image: the registry ${host} is called ${canonicalHost(host)}`;
  if (host === 'docker.io' && path.length === 1 && !path[0]!.startsWith('**'))
    return `matches no image: those of Docker Hub are docker.io/{owner}/{name}, official ones docker.io/library/${path[0]}`;
  return undefined;
}

/** `appacr/*` is every task of a registry, `appacr/web-*` some. */
const taskPattern = z
  .string()
  .max(120)
  .regex(
    /^[a-z0-9]+\/[\w*-]+$/i,
    'must be {registry}/{task}, with * in the name of the task, such as appacr/* or appacr/web-*',
  );

/** What must be true of a base image before an automatic run builds on it, or of a task before one is started. */
export const Policy = z
  .strictObject({
    images: imagePattern.optional(),
    tasks: taskPattern.optional(),
    /** Since Plinth met the digest first. */
    minimumAge: age.optional(),
    /** Nothing automatic starts from these images, or of these tasks, and why. */
    pause: z.string().trim().min(1).max(500).optional(),
  })
  .superRefine(({ images, tasks, minimumAge, pause }, context) => {
    if ((images === undefined) === (tasks === undefined)) context.addIssue('needs either images or tasks');
    if (tasks !== undefined && minimumAge !== undefined)
      context.addIssue('minimumAge is of images: tasks are paused');
    if (minimumAge === undefined && pause === undefined) context.addIssue('needs minimumAge or pause');
  })
  .meta({ id: 'BaseImagePolicy' });
export type Policy = z.infer<typeof Policy>;

/** No pattern may have two policies. */
export const Policies = z
  .array(Policy)
  .max(200)
  .superRefine((policies, context) => {
    const patterns = policies.map(({ images, tasks }) => images ?? tasks?.toLowerCase());
    for (const [at, pattern] of patterns.entries())
      if (pattern !== undefined && patterns.indexOf(pattern) !== at)
        context.addIssue({ code: 'custom', path: [at], message: `${pattern} is there twice` });
  });

/** The patterns of tasks that are in none of some registries: they match nothing. */
export const strayPatterns = (policies: Policy[], registries: { name: string }[]) =>
  policies.flatMap(({ tasks }) => {
    const isOf = ({ name }: { name: string }) => tasks?.toLowerCase().startsWith(`${name}/`);
    return tasks === undefined || registries.some(isOf) ? [] : [tasks];
  });

/** What a person or a scanner has said of a digest; the newest one on a digest counts. */
export const Judgement = z
  .object({
    digest: z.string(),
    /** The image by which it was named; what is said counts for the digest wherever it lies. */
    image: z.string(),
    verdict: z.enum(['quarantined', 'admitted', 'released']),
    reason: z.string(),
    holds: z
      .array(z.string())
      .optional()
      .describe(
        'Of what is quarantined, its manifests, and hashes of their configs and layers: what shares one is held like it.',
      ),
    /** Who said it, by the name that Entra has; a function key has none. */
    by: z.string().optional(),
    time: z.iso.datetime(),
  })
  .meta({ id: 'Judgement' });
export type Judgement = z.infer<typeof Judgement>;

/** The body of quarantine, admit and release. */
export const JudgementRequest = z
  .object({
    image: imageReference,
    digest: sha256Digest,
    reason: z.string().trim().min(1).max(500),
  })
  .meta({ id: 'JudgementRequest' });
export type JudgementRequest = z.infer<typeof JudgementRequest>;

export const Judgements = z.object({ judgements: z.array(Judgement) });
export type Judgements = z.infer<typeof Judgements>;
