import { useState } from 'preact/hooks';
import type { HeldAnswer, HeldBase } from '../../shared/graph/answers.ts';
import { useAnswer } from '../app/answer.ts';
import { useData } from '../app/data.ts';
import { useNow } from '../app/navigation.ts';
import { Link, Name } from '../app/parts.tsx';
import { escapedPart } from '../app/routes.ts';
import { short } from '../model/freshness.ts';
import type { Node } from '../model/graph.ts';
import { heldWords, standingOf } from '../model/judging.ts';
import { at } from '../model/times.ts';
import { visible } from '../model/visible.ts';
import { Judge } from './judge.tsx';

const listed = 5;

/** Base images whose newest digest is not built on: what, why, until when, and what is built on meanwhile. */
export function HeldBases() {
  const { held } = useData();
  const [all, show] = useState(false);
  const bases = held?.value ?? [];
  const said = held?.judgements ?? [];
  const paused = held?.pausedTasks ?? [];
  if (bases.length + said.length + paused.length === 0) return null;
  return (
    <section aria-labelledby="held">
      <h2 id="held">
        Held bases{' '}
        <small>
          {all || bases.length <= listed ? bases.length : `${listed} of ${bases.length}`} ·{' '}
          <Link to={{ view: 'images', find: '', show: 'held' }}>images for which they are</Link>
        </small>
      </h2>
      <ul class="rows">
        {bases.slice(0, all ? mostListed : listed).map((base) => (
          <li key={base.image}>
            <HeldRow base={base} />
          </li>
        ))}
      </ul>
      {paused.length > 0 && (
        <ul class="rows">
          {paused.map(({ tasks, reason }) => (
            <li key={tasks}>
              <span class="mark warn">
                <span aria-hidden="true">◧</span> paused
              </span>{' '}
              tasks <Name text={tasks} />{' '}
              <span class="quiet">nothing automatic starts them: {visible(reason)}</span>
            </li>
          ))}
        </ul>
      )}
      {!all && bases.length > listed && (
        <button type="button" onClick={() => show(true)}>
          All held bases
        </button>
      )}
      {all && bases.length > mostListed && <p>{bases.length - mostListed} more are not listed.</p>}
      {said.length > 0 && <Said judgements={said} />}
    </section>
  );
}

const mostListed = 100;

/** What was said of digests and counts, so that it can be taken back whether or not a tag stands for them. */
function Said({ judgements }: { judgements: HeldAnswer['judgements'] }) {
  const { held } = useData();
  const now = useNow(10_000);
  return (
    <details>
      <summary>
        {judgements.length === 1 ? '1 digest is' : `${judgements.length} digests are`} quarantined or admitted
      </summary>
      <ul class="rows">
        {judgements.slice(0, mostListed).map(({ image, digest, verdict, reason, time }) => (
          <li key={digest}>
            {at(time, now)} {visible(verdict)} <code>{short(digest)}</code> of <Name text={image} />:{' '}
            {visible(reason)} <Judge {...{ image, digest }} standing={standingOf(digest, held, false)} />
          </li>
        ))}
      </ul>
      {judgements.length > mostListed && <p>{judgements.length - mostListed} more are not listed.</p>}
    </details>
  );
}

/** One of them, with the buttons for who may judge. */
function HeldRow({ base }: { base: HeldBase }) {
  const { held } = useData();
  const now = useNow(10_000);
  const { image, digest, because, reason, admissible } = base;
  return (
    <>
      <span class="mark warn">
        <span aria-hidden="true">◧</span> {heldWords[because](base, now)}
      </span>{' '}
      <Link to={{ view: 'image', image }}>
        <Name text={image} />
      </Link>{' '}
      <span class="quiet">
        {visible(reason)};{' '}
        {admissible ? `meanwhile ${short(admissible)} is built on` : 'there is no other digest to build on'}
      </span>{' '}
      <Judge {...{ image, digest }} standing={standingOf(digest, held, because === 'tooYoung')} />
    </>
  );
}

interface BaseImage {
  digests: { digest: string; firstSeen: string; since: string; held?: { reason: string } }[];
}

/** The digests that a base image was seen with, the newest first; asked for where they are looked at. */
function Digests({ image }: { image: string }) {
  const { registries, held } = useData();
  const now = useNow(10_000);
  const [open, set] = useState(false);
  const [first] = registries?.registries ?? [];
  const path = `/registries/${escapedPart(first?.name ?? '')}/baseImages?image=${escapedPart(image)}`;
  const { value, error } = useAnswer<{ value: BaseImage[] }>(open ? path : undefined, held);
  const digests = value?.value[0]?.digests;
  return (
    <details onToggle={({ currentTarget }) => set(currentTarget.open)}>
      <summary>
        Digests that <Name text={image} /> was seen with
      </summary>
      {error && <p class="trouble">{visible(error.message)}</p>}
      {digests?.length === 0 && <p>It was not looked at yet.</p>}
      <ul class="rows">
        {digests?.map(({ digest, since, held: hold }) => {
          const said = held?.judgements.find((one) => one.digest === digest);
          const isTooYoung = hold !== undefined && said === undefined;
          return (
            <li key={digest}>
              <code>{short(digest)}</code> since {at(since, now)}{' '}
              <span class="quiet">
                {visible(hold?.reason ?? (said ? `is ${said.verdict}: ${said.reason}` : ''))}
              </span>{' '}
              <Judge {...{ image, digest }} standing={standingOf(digest, held, isTooYoung)} />
            </li>
          );
        })}
      </ul>
    </details>
  );
}

/** What is known of it where others are built on it, for who judges digests. */
export function AsBase({ node }: { node: Node }) {
  const { held } = useData();
  const images = [...new Set(node.below.map(({ base }) => base.image))].sort();
  if (images.length === 0) return null;
  const bases = held?.value.filter(({ image }) => images.includes(image)) ?? [];
  return (
    <section aria-labelledby="as-base">
      <h2 id="as-base">As a base</h2>
      <ul class="rows">
        {bases.map((base) => (
          <li key={base.image}>
            <HeldRow base={base} />
          </li>
        ))}
        {images.slice(0, imagesListed).map((image) => (
          <li key={image}>
            <Digests image={image} />
          </li>
        ))}
      </ul>
      {images.length > imagesListed && <p>{images.length - imagesListed} more tags are not listed.</p>}
    </section>
  );
}

const imagesListed = 20;
