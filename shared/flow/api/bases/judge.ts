import type { Judged } from '../../../model/bases/baseImages.ts';
import type { Judgement, JudgementRequest } from '../../../model/bases/policy.ts';
import type { KnownRegistry } from '../../../model/registry.ts';
import { countVerdicts, type Decision } from '../../../model/state.ts';
import { eventGuid } from '../../../names/eventGuid.ts';
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
  const said = await writeDown({ digest, image, verdict, reason, ...(by && { by }), time }, ports);
  ports.log('warning', `${digest} of ${image} is ${verdict}: ${reason}`);
  const { states } = await allStates(ports);
  const isAsked = verdict === 'quarantined' && !said.holds;
  const asked = isAsked ? await holdsOf(image, digest, states, ports) : [];
  const judgement = asked.length > 0 ? await keepHolds({ ...said, holds: asked }, ports) : said;
  const users = await imagesWith([digest, ...(judgement.holds ?? [])], states, ports);
  const unused = users.length > 0 ? undefined : await saysUnused(image, digest, ports);
  const pushes: string[] = [];
  let isGoingOn = false;
  const decided: Pick<Decision, 'verdict'>[] = [];
  for (const [at, concerned] of [...new Set([image, ...users])].entries()) {
    const id = eventGuid(`${verdict}-${digest}-${judgement.time}-${at + 1}`);
    const push = { id, image: concerned, digest, timestamp: judgement.time };
    const decisions = await onPush(push, ports, 'named');
    if (decisions?.length !== 0) pushes.push(id);
    decided.push(...(decisions ?? []));
    isGoingOn ||= !decisions;
  }
  const message = isGoingOn
    ? 'There are many dependents: GET …/pushes/{push} says what becomes of them.'
    : unused;
  return { judgement, pushes, tasks: countVerdicts(decided), ...(message && { message }) };
}

async function saysUnused(image: string, digest: string, { store }: Flow): Promise<string> {
  const seen = (await store.sightings(image))?.value.digests.some((one) => one.digest === digest);
  const never = seen ? '' : ` ${image} was never seen with it.`;
  return `No task is built on ${digest} now.${never} What was said of it stays.`;
}

/** @returns the one that is there, where the same was said before */
function writeDown(judgement: Judgement, { store }: Flow): Promise<Judgement> {
  return retryOnConflict(async () => {
    const stored = await store.judgements();
    const all = stored?.value.judgements ?? [];
    const before = all.findLast(({ digest }) => digest === judgement.digest);
    if (before?.verdict === judgement.verdict && before.reason === judgement.reason) return before;
    const fault = faultOf(judgement, before);
    if (fault) throw new Refusal(409, 'Conflict', fault);
    const kept = withRoom(all);
    if (kept.length >= maxJudgements)
      throw new Refusal(
        409,
        'Conflict',
        `${maxJudgements} digests are quarantined or admitted. Release some first.`,
      );
    // A release is for all that was held by what it takes back.
    const said = { ...judgement, ...(before?.holds && { holds: before.holds }) };
    await store.putJudgements({ judgements: [...kept, said] }, stored?.etag);
    return said;
  });
}

/** With what it holds, which its registry has answered after it was written down. */
function keepHolds(judgement: Judgement, { store }: Flow): Promise<Judgement> {
  return retryOnConflict(async () => {
    const { value, etag } = (await store.judgements())!;
    const isIts = ({ digest, time }: Judgement) => digest === judgement.digest && time === judgement.time;
    const judgements = value.judgements.map((one) => (isIts(one) ? judgement : one));
    await store.putJudgements({ judgements }, etag);
    return judgement;
  });
}

function faultOf({ digest, verdict }: Judgement, before: Judgement | undefined): string | undefined {
  const isOpen = before !== undefined && before.verdict !== 'released';
  if (verdict === 'released' && !isOpen) return `${digest} is neither quarantined nor admitted.`;
  if (verdict === 'admitted' && before?.verdict === 'quarantined')
    return `${digest} is quarantined: ${before.reason}. Release it first (POST …/release).`;
  return undefined;
}

/** Without the oldest that count no more, where there are too many. */
function withRoom(all: Judgement[]): Judgement[] {
  if (all.length < maxJudgements) return all;
  const counts = (one: Judgement) =>
    one.verdict !== 'released' && all.findLast(({ digest }) => digest === one.digest) === one;
  const over = all.findIndex((one) => !counts(one));
  return over < 0 ? all : all.toSpliced(over, 1);
}
