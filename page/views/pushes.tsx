import { useEffect, useState } from 'preact/hooks';
import type { PushesAnswer } from '../../shared/graph/answers.ts';
import { useAnswer } from '../app/answer.ts';
import { call } from '../app/call.ts';
import { useData } from '../app/data.ts';
import { Link, Name } from '../app/parts.tsx';
import { escapedPart } from '../app/routes.ts';
import { short } from '../model/freshness.ts';
import { timeOfDay } from '../model/times.ts';
import { visible } from '../model/visible.ts';

const dayMs = 86_400_000;

/** The pushes of a day, by UTC, that anything stood on. */
export function PushesView({ day }: { day: string }) {
  const { asOf } = useData();
  const today = new Date().toISOString().slice(0, 10);
  const shown = /^\d{4}-\d\d-\d\d$/.test(day) && !Number.isNaN(Date.parse(day)) ? day : today;
  const near = (days: number) => new Date(Date.parse(shown) + days * dayMs).toISOString().slice(0, 10);
  const { value, error } = useAnswer<PushesAnswer>(`/pushes?day=${shown}`, asOf);
  const [more, setMore] = useState<{ pages: PushesAnswer[]; fault?: string }>({ pages: [] });
  useEffect(() => setMore({ pages: [] }), [shown]);
  const pages = value ? [value, ...more.pages] : [];
  const next = tokenOf(pages.at(-1)?.nextLink);
  const add = async () => {
    try {
      const page = await call<PushesAnswer>(`/pushes?day=${shown}&$skipToken=${escapedPart(next!)}`);
      setMore({ pages: [...more.pages, page] });
    } catch (fault) {
      setMore({ ...more, fault: (fault as Error).message });
    }
  };
  // The first page is read again: what it has gained by then, it has lost to the second, which was read before.
  const pushes = [
    ...new Map(pages.flatMap((page) => page.value.map((one) => [one.id, one] as const))).values(),
  ];
  return (
    <>
      <h1>Pushes of {shown === today ? 'today' : shown}</h1>
      <p class="bar">
        <Link to={{ view: 'pushes', day: near(-1) }}>‹ {near(-1)}</Link>{' '}
        {shown < today && <Link to={{ view: 'pushes', day: near(1) }}>{near(1)} ›</Link>}
      </p>
      {error && <p class="trouble">{visible(error.message)}</p>}
      {value && pushes.length === 0 && (
        <p>
          No push {shown === today ? 'today' : `on ${shown}`} that anybody stood on.{' '}
          <Link to={{ view: 'pushes', day: near(-1) }}>The day before ›</Link>
        </p>
      )}
      <ul class="rows">
        {pushes.map(({ id, image, digest, time, decided }) => (
          <li key={id}>
            {time && timeOfDay(time)}{' '}
            <Link to={{ view: 'push', id }}>
              <Name text={image ?? id} />
            </Link>{' '}
            {digest && `→ ${short(digest)}`}{' '}
            {decided && <span class="quiet">{visible(counted(decided))}</span>}
          </li>
        ))}
      </ul>
      {more.fault && (
        <p class="trouble" role="alert">
          {visible(more.fault)}
        </p>
      )}
      {next && (
        <button type="button" onClick={add}>
          More
        </button>
      )}
    </>
  );
}

/** Of an address that the app answers, only where to go on from is used. */
const tokenOf = (link: string | undefined) =>
  link === undefined
    ? undefined
    : (new URL(link, location.origin).searchParams.get('$skipToken') ?? undefined);

function counted(decided: Record<string, number>): string {
  return Object.entries(decided)
    .filter(([, count]) => count > 0)
    .map(([verdict, count]) => `${count} ${verdict}`)
    .join(', ');
}
