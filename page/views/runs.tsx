import { useData } from '../app/data.ts';
import { useNow } from '../app/navigation.ts';
import { Link, Name } from '../app/parts.tsx';
import { isOpen, runsOf, toneOf } from '../model/live.ts';
import { at, clockTime } from '../model/times.ts';
import { visible } from '../model/visible.ts';

/** The newest runs of all registries: those that go on first. */
export function RunsView() {
  const { live } = useData();
  const now = useNow(1000);
  const runs = runsOf(live);
  const faults = (live?.registries ?? []).filter(({ fault }) => fault);
  const sorted = [...runs.filter(isOpen), ...runs.filter((run) => !isOpen(run))];
  return (
    <>
      <h1>Runs</h1>
      {faults.map(({ name, fault }) => (
        <p class="trouble" key={name}>
          {visible(fault!)}
        </p>
      ))}
      {runs.length === 0 && <p>No runs yet. A task is run from its image, or by az acr task run.</p>}
      <ul class="rows">
        {sorted.map(
          ({
            registry,
            runId,
            task,
            status,
            createTime,
            startTime,
            finishTime,
            push,
            waits,
            nextTry,
            givenUpAt,
          }) => (
            <li key={`${registry}/${runId}`}>
              <span class={`mark ${toneOf(status)}`}>{visible(status)}</span>{' '}
              <Link to={{ view: 'run', registry, runId }}>{visible(`${runId} in ${registry}`)}</Link>{' '}
              {task && (
                <Link to={{ view: 'task', registry, task }}>
                  <Name text={task} />
                </Link>
              )}{' '}
              {at(createTime, now)}{' '}
              {startTime && clockTime((finishTime ? Date.parse(finishTime) : now) - Date.parse(startTime))}{' '}
              {push && <Link to={{ view: 'push', id: push }}>its push</Link>}{' '}
              <span class="quiet">
                {visible(waits ?? '')}
                {nextTry && `; next try ${at(nextTry, now)}`}
                {givenUpAt && `, the last ${at(givenUpAt, now)}`}
              </span>
            </li>
          ),
        )}
      </ul>
    </>
  );
}
