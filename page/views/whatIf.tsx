import { useMemo } from 'preact/hooks';
import type { PlanAnswer } from '../../shared/graph/answers.ts';
import { planUnder } from '../../shared/graph/planUnder.ts';
import { useData } from '../app/data.ts';
import { goTo, useNow } from '../app/navigation.ts';
import { Link, Name, Polite } from '../app/parts.tsx';
import { taskNode } from '../model/graph.ts';
import { momentOf } from '../model/live.ts';
import { nearestNames } from '../model/nearest.ts';
import { aboutTime, at, duration } from '../model/times.ts';
import { visible } from '../model/visible.ts';
import { WaveTasks } from './wave.tsx';

const suggested = 5;
const reasonsShown = 100;

/** What a push of an image would set off, worked out here from what is loaded: nothing is started or asked. */
export function WhatIfView({ image }: { image: string }) {
  const { states, registries } = useData();
  const bases = useMemo(
    () => [...new Set(states.flatMap((state) => state.bases.map((base) => base.image)))].sort(),
    [states],
  );
  const wanted = fullName(image.trim(), bases);
  const { runsAtOnce: pace = 1, policies = [] } = registries ?? {};
  const now = useNow(30_000);
  const plan = useMemo(
    () => planUnder(states, [wanted], pace, { policies, now: new Date(now) }),
    [states, wanted, pace, policies, now],
  );
  const total = plan.waves.reduce((sum, { tasks }) => sum + tasks.length, 0);
  const isEmpty = total === 0 && plan.skipped.length === 0 && !plan.held;
  return (
    <>
      <h1>What if</h1>
      <p class="finder">
        <label>
          If I pushed{' '}
          <input
            type="search"
            list="bases"
            size={48}
            value={image}
            onInput={({ currentTarget }) => goTo({ view: 'what-if', image: currentTarget.value }, 'replace')}
          />
        </label>{' '}
        now
        <datalist id="bases">
          {nearestNames(image, bases, 20).map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
      </p>
      {image.trim() === '' && (
        <p class="quiet">
          Name an image, such as <Name text={bases[0] ?? 'baseacr.azurecr.io/base/node:22'} />.
        </p>
      )}
      {image.trim() !== '' && isEmpty && (
        <>
          <p>Nothing stands on this image. Known are:</p>
          <ul class="rows">
            {nearestNames(image, bases, suggested).map((name) => (
              <li key={name}>
                <Link to={{ view: 'what-if', image: name }}>
                  <Name text={name} />
                </Link>
              </li>
            ))}
          </ul>
        </>
      )}
      {image.trim() !== '' && !isEmpty && <Plan {...{ plan, total, pace, now }} />}
      <Polite text={image.trim() === '' ? '' : `${total} images would be rebuilt`} />
    </>
  );
}

/** A name without its registry, or without its tag, where only one known image is meant. */
function fullName(given: string, bases: readonly string[]): string {
  if (bases.includes(given)) return given;
  const meant = bases.filter((name) => name.endsWith(`/${given}`) || name === `${given}:latest`);
  return meant.length === 1 ? meant[0]! : given;
}

interface Planned {
  plan: PlanAnswer;
  total: number;
  pace: number;
  now: number;
}

function Plan({ plan, total, pace, now }: Planned) {
  const { nodes, live } = useData();
  const moment = momentOf(live, now);
  const waves = plan.waves.length === 1 ? '1 wave' : `${plan.waves.length} waves`;
  const time =
    plan.seconds === undefined
      ? '; none was built yet, so no time is known'
      : `, ${aboutTime(plan.seconds)} (${pace} at once in each registry)`;
  return (
    <>
      <p>
        <strong>
          {total === 1 ? '1 image' : `${total} images`} in {waves}
          {total > 0 && time}.{plan.tooMany && ' There are more: the plan is cut here.'}
        </strong>{' '}
        {plan.skipped.length > 0 && <a href="#skipped">{plan.skipped.length} would not: why ›</a>} Nothing has
        been started.
      </p>
      {plan.held && <Held held={plan.held} now={now} />}
      {plan.waves.map(({ tasks, seconds }, index) => (
        <section key={index} aria-label={`Wave ${index + 1}`}>
          <h2>
            Wave {index + 1} <small>{seconds !== undefined && aboutTime(seconds)}</small>
          </h2>
          <WaveTasks
            nodes={tasks.flatMap(({ registry, task }) => nodes.get(taskNode(registry, task)) ?? [])}
            moment={moment}
            open={true}
          />
        </section>
      ))}
      {plan.skipped.length > 0 && (
        <section aria-labelledby="skipped">
          <h2 id="skipped">Would not be rebuilt</h2>
          <Reasons tasks={plan.skipped} />
        </section>
      )}
    </>
  );
}

type HeldTasks = NonNullable<PlanAnswer['held']>;

/** What policies hold of the push: until an instant, at which the waves begin, or until a person ends it. */
function Held({ held, now }: { held: HeldTasks; now: number }) {
  const [first] = held.flatMap(({ until }) => until ?? []);
  const paused = held.filter(({ until }) => until === undefined);
  return (
    <section aria-labelledby="would-be-held">
      <h2 id="would-be-held">
        <span aria-hidden="true">◧</span> Would be held{' '}
        <small>{held.length === 1 ? '1 image' : `${held.length} images`}</small>
      </h2>
      {first && (
        <p>
          Until {at(first, now)}, for {duration(Date.parse(first) - now)}, when the waves begin: a new digest{' '}
          {visible(held.find(({ until }) => until === first)!.reason)}.
        </p>
      )}
      <Reasons tasks={paused} />
    </section>
  );
}

function Reasons({ tasks }: { tasks: PlanAnswer['skipped'] }) {
  return (
    <>
      <ul class="rows">
        {tasks.slice(0, reasonsShown).map(({ registry, task, reason }) => (
          <li key={`${registry}/${task}`}>
            <Link to={{ view: 'task', registry, task }}>
              <Name text={`${registry}/${task}`} />
            </Link>
            : {visible(reason)}
          </li>
        ))}
      </ul>
      {tasks.length > reasonsShown && <p>{tasks.length - reasonsShown} more are not listed.</p>}
    </>
  );
}
