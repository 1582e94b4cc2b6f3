import type { Judgement } from '../../model/bases/policy.ts';
import { platformText } from '../../model/platform.ts';
import { buildsTaskAsDefined, type Pin } from '../../model/run.ts';
import { type ImageRef, parseImageRef } from '../../names/imageRef.ts';
import type { Ports } from '../../ports/ports.ts';
import { RegistryError, type RegistryLogin } from '../../ports/registry.ts';
import {
  hasQuarantines,
  isQuarantined,
  pinsOn,
  quarantineOn,
  type Standing,
  standingOf,
  type Terms,
} from '../../rules/bases/admission.ts';
import { replicaAgainSeconds, replicaLagMs } from '../../rules/timing.ts';
import { BuildFault } from '../buildFault.ts';
import { learnContents } from '../push/learnContents.ts';
import { noteHeld } from '../push/noteHeld.ts';
import { forget, see, termsNow } from '../push/see.ts';
import { loginFor } from '../secrets/registryLogin.ts';
import type { Job } from './buildPlan.ts';

/**
 * The digests of base images. A run that was claimed before keeps the digests that were recorded then.
 * @throws BuildFault for an image that is not there, RegistryError
 */
export async function pinAll(images: Omit<Pin, 'digest'>[], job: Job): Promise<Pin[]> {
  const recorded = new Map(job.run.pins?.map((pin) => [pin.image, pin]));
  const isNew = images.some(({ image }) => !recorded.has(image));
  const terms = isNew ? await termsNow(job.ports) : undefined;
  return Promise.all(
    images.map(
      async ({ image, type }) => recorded.get(image) ?? { image, type, ...(await pinOf(image, terms!, job)) },
    ),
  );
}

async function pinOf(image: string, terms: Terms, job: Job): Promise<Pick<Pin, 'digest' | 'notNewest'>> {
  const { task, run, registry, ports } = job;
  const reference = parseImageRef(image);
  const login = loginFor(reference.registry, registry, task.properties.credentials);
  const platform = platformText(task.properties.platform);
  if (reference.digest) {
    const bad = await quarantineOfNamed(reference, { terms, platform, login }, ports);
    if (!bad) return { digest: reference.digest };
    throw new BuildFault(
      `Base image ${image} is quarantined: ${bad.reason}. Name another digest, or release it (POST …/release) and run the task again.`,
    );
  }
  const time = ports.clock.now().toISOString();
  const digest = await ports.registry.digestOf(reference, login);
  // What others ask to be built is not tracked, and leaves nothing behind.
  const isKept = digest !== undefined && buildsTaskAsDefined(run);
  const look = { image, digest: digest ?? '', time, how: digest ? 'read' : 'named' } as const;
  const seen = await see(look, ports, { isKept, terms });
  // Who pushed a bad one may have deleted the tag: what is built on instead is there by its digest.
  if (!digest && !seen.held)
    throw new BuildFault(`Base image ${image} does not exist. Is the name right, and was it pushed?`);
  const withHeld = async (of: Standing, digest: string) =>
    standingOf(
      await learnHeld(of, { digests: [digest], platforms: [platform] }, login, ports),
      of.terms,
      platform,
    );
  let standing = await withHeld(seen, seen.newest.digest);
  if (!standing.held) return { digest: standing.newest.digest };
  if (buildsTaskAsDefined(run)) await noteHeld(standing, ports);
  const builtOn = await builtOnNow(image, job);
  for (const pin of pinsOn(standing, builtOn)) {
    // What an older one holds counts only where the newer ones are held.
    standing = await withHeld(standing, pin.digest);
    if (isQuarantined(pin.digest, standing.terms, standing)) continue;
    if (pin.digest === digest) return pin;
    if (await ports.registry.digestOf({ ...reference, digest: pin.digest }, login)) return pin;
    if (isLate(pin.digest, standing, ports))
      throw new RegistryError('Unreachable', `${image}@${pin.digest} is not there yet`, {
        retryAfter: replicaAgainSeconds,
      });
    if (buildsTaskAsDefined(run)) await forget(image, pin.digest, ports);
  }
  throw new BuildFault(
    `Base image ${image}: ${standing.newest.digest} ${standing.held!.reason}. There is no other digest to build on: push a newer one, or admit one (POST …/admit).`,
  );
}

/** What was said against a digest that a Dockerfile names, or against what it holds, which its registry is asked. */
async function quarantineOfNamed(
  reference: ImageRef,
  { terms, platform, login }: { terms: Terms; platform: string; login: RegistryLogin },
  { registry }: Ports,
): Promise<Judgement | undefined> {
  const holds = hasQuarantines(terms)
    ? await registry.contentsOf(reference, login, [platform]).catch(() => ({}))
    : {};
  return quarantineOn({ digest: reference.digest!, ...holds }, terms.judgements, platform);
}

/** Where something is quarantined, with what digests hold: a part of an index may be, or what was copied. */
async function learnHeld(
  { seen, terms }: Standing,
  wanted: { digests: string[]; platforms: string[] },
  login: RegistryLogin,
  ports: Ports,
) {
  if (!hasQuarantines(terms)) return seen;
  return learnContents(seen, wanted, async () => login, ports);
}

/** Whether a replica may not have a digest yet. */
const isLate = (digest: string, { seen }: Standing, { clock }: Ports) =>
  seen.digests.some(
    (one) => one.digest === digest && clock.now().getTime() - Date.parse(one.since) < replicaLagMs,
  );

/** The digest of a base image that the task is built on. */
async function builtOnNow(image: string, { task, run, ports }: Job): Promise<string | undefined> {
  const state = await ports.store.state(run.registry, task.name);
  return state?.value.built?.pins.find((pin) => pin.image === image)?.digest;
}

export const baseNotes = (pins: Pin[]) =>
  pins.flatMap(({ image, digest, type, notNewest }) => [
    `Base image (${type}): ${image}@${digest}`,
    ...(notNewest ? [`Not the newest of ${image}: ${notNewest}`] : []),
  ]);
