import type { Judged } from '../../../model/bases/baseImages.ts';
import type { Judgement, JudgementRequest } from '../../../model/bases/policy.ts';
import type { KnownRegistry } from '../../../model/registry.ts';
import { countVerdicts, type Decision } from '../../../model/state.ts';
import { eventGuid } from '../../../names/eventGuid.ts';
import { inForce } from '../../../rules/bases/admission.ts';
import { imageNamed } from '../../imageNamed.ts';
import { allStates } from '../../overall/stale.ts';
import { holdsOf, imagesWith } from '../../push/imagesWith.ts';
import { onPush } from '../../push/onPush.ts';
import { Refusal } from '../../refusal.ts';
import { retryOnConflict } from '../../retryOnConflict.ts';

type Flow = Parameters<typeof onPush>[1];

/** What is kept: more than are needed, as one row holds them all. */
const maxJudgements = 400;

/**
 * Writes down what was said of a digest, and decides again on every task that is concerned: one that is built on a
 * quarantined digest goes back to the newest that may be built on. May be repeated until it is answered.
 * @throws Refusal 409 where the verdict does not fit the one before
 */
export async function judge(
  registry: Pick<KnownRegistry, 'loginServer'>,
  verdict: Judgement['verdict'],
  { digest, reason, by, ...request }: JudgementRequest & Pick<Judgement, 'by'>,
  ports: Flow,
): Promise<Judged> {
  const image = imageNamed(request.image, registry);
  const time = ports.clock.now().toISOString();
  const asSaid = { digest, image, verdict, reason, ...(by && { by }), time };
  const all = await changeSaid((before) => withSaid(before, asSaid), ports);
  const said = all.findLast((one) => one.digest === digest)!;
  ports.log('warning', `${digest} of ${image} is ${verdict}: ${reason}`);
  const { states } = await allStates(ports);
  const isAsked = verdict === 'quarantined' && !said.holds;
  const holds = isAsked ? await holdsOf(image, digest, states, ports) : [];
  const judgement = holds.length > 0 ? { ...said, holds } : said;
  const isIts = (one: Judgement) => one.digest === digest && one.time === said.time;
  if (judgement !== said) await changeSaid((all) => all.map((one) => (isIts(one) ? judgement : one)), ports);
  const users = await imagesWith([digest, ...(judgement.holds ?? [])], states, ports);
  const unused = users.length > 0 ? undefined : await saysUnused(image, digest, ports);
  const decided: { id: string; decisions: Decision[] | undefined }[] = [];
  for (const concerned of new Set([image, ...users])) {
    const id = eventGuid(`${verdict}-${digest}-${judgement.time}-${concerned}`);
    const push = { id, image: concerned, digest, timestamp: judgement.time };
    decided.push({ id, decisions: await onPush(push, ports, 'named') });
  }
  const message = decided.every(({ decisions }) => decisions)
    ? unused
    : 'There are many dependents: GET …/pushes/{push} says what becomes of them.';
  return {
    judgement,
    pushes: decided.flatMap(({ id, decisions }) => (decisions?.length === 0 ? [] : [id])),
    tasks: countVerdicts(decided.flatMap(({ decisions = [] }) => decisions)),
    ...(message && { message }),
  };
}

async function saysUnused(image: string, digest: string, { store }: Flow): Promise<string> {
  const seen = (await store.sightings(image))?.value.digests.some((one) => one.digest === digest);
  const never = seen ? '' : ` ${image} was never seen with it.`;
  return `No task is built on ${digest} now.${never} What was said of it stays.`;
}

/** Changes what was said of digests. Nothing is written where it stays the same. */
function changeSaid(change: (all: Judgement[]) => Judgement[], { store }: Flow): Promise<Judgement[]> {
  return retryOnConflict(async () => {
    const { value, etag } = (await store.judgements()) ?? {};
    const all = value?.judgements ?? [];
    const judgements = change(all);
    if (judgements !== all) await store.putJudgements({ judgements }, etag);
    return judgements;
  });
}

/** @returns the same list where the same was said before */
function withSaid(all: Judgement[], said: Judgement): Judgement[] {
  const before = all.findLast(({ digest }) => digest === said.digest);
  if (before?.verdict === said.verdict && before.reason === said.reason) return all;
  const isOpen = before !== undefined && before.verdict !== 'released';
  if (said.verdict === 'released' && !isOpen)
    throw conflict(`${said.digest} is neither quarantined nor admitted.`);
  if (said.verdict === 'admitted' && before?.verdict === 'quarantined')
    throw conflict(`${said.digest} is quarantined: ${before.reason}. Release it first (POST …/release).`);
  // A release is for all that was held by what it takes back.
  return [...withRoom(all, said), { ...said, ...(before?.holds && { holds: before.holds }) }];
}

/** Without the oldest that count no more, where there are too many. A release makes room and needs none. */
function withRoom(all: Judgement[], { verdict }: Judgement): Judgement[] {
  const counting = new Set(inForce(all));
  let over = all.length + 1 - maxJudgements;
  const kept = all.filter((one) => counting.has(one) || over-- <= 0);
  if (kept.length >= maxJudgements && verdict !== 'released')
    throw conflict(`${maxJudgements} digests are quarantined or admitted. Release some first.`);
  return kept;
}

const conflict = (message: string) => new Refusal(409, 'Conflict', message);
