import { useEffect, useState } from 'preact/hooks';
import { cancelRun, useMayWrite } from '../app/actions.ts';
import { useAnswer } from '../app/answer.ts';
import { useData } from '../app/data.ts';
import { useNow } from '../app/navigation.ts';
import { Action, Link, Name, NotRead } from '../app/parts.tsx';
import { escapedPart } from '../app/routes.ts';
import { short } from '../model/freshness.ts';
import { isOpen } from '../model/live.ts';
import { at, clockTime, ordinal } from '../model/times.ts';
import { visible } from '../model/visible.ts';
import { triggerOf } from './image.tsx';
import { Log } from './log.tsx';

interface Image {
  registry: string;
  repository: string;
  tag?: string;
  digest?: string;
}

interface RunAnswer {
  properties: {
    status: 'Queued' | 'Started' | 'Running' | 'Succeeded';
    task?: string;
    createTime: string;
    startTime?: string;
    finishTime?: string;
    imageUpdateTrigger?: { id: string; images: Image[] };
    timerTrigger?: object;
    sourceTrigger?: object;
    runErrorMessage?: string;
    outputImages?: Image[];
    plinth?: {
      baseImageDependencies?: (Image & { type: string })[];
      waitingFor?: { reason: string; nextTry?: string; givenUpAt?: string };
      queuePlace?: { position?: number; reason: string };
    };
  };
}

const referenceOf = ({ registry, repository, tag, digest }: Image) =>
  `${registry}/${repository}${tag ? `:${tag}` : ''}${digest ? `@${short(digest)}` : ''}`;

/** A run with its log as it grows. */
export function RunView({ registry, runId }: { registry: string; runId: string }) {
  const [turn, again] = useState(0);
  const path = `/registries/${escapedPart(registry)}/runs/${escapedPart(runId)}`;
  const { value, error } = useAnswer<RunAnswer>(path, turn);
  const now = useNow(1000);
  const run = value?.properties;
  const isGoingOn = run !== undefined && isOpen(run);
  useEffect(() => {
    if (!isGoingOn) return;
    const timer = setInterval(
      () => document.visibilityState === 'visible' && again((count) => count + 1),
      2000,
    );
    return () => clearInterval(timer);
  }, [isGoingOn]);
  if (!run) return <NotRead title={`Run ${runId}`} error={error} />;
  // One that waits has a log where it has met something that it is tried for again.
  const { nextTry, givenUpAt } = run.plinth?.waitingFor ?? {};
  return (
    <>
      <p>
        <Link to={{ view: 'runs' }}>‹ All runs</Link>
      </p>
      <h1>
        {visible(runId)} in <Name text={registry} />{' '}
        {run.task && (
          <Link to={{ view: 'task', registry, task: run.task }}>
            <Name text={run.task} />
          </Link>
        )}
      </h1>
      {error && <p class="trouble">{visible(error.message)}</p>}
      <Standing {...{ registry, runId, run, now }} />
      <Log
        path={path}
        status={run.status}
        isGoingOn={isGoingOn}
        waits={visible(waits(run, registry, now))}
        isThere={run.status !== 'Queued' || (nextTry ?? givenUpAt) !== undefined}
      />
    </>
  );
}

function waits({ status, plinth }: RunAnswer['properties'], registry: string, now: number): string {
  if (status !== 'Queued') return 'No log yet.';
  const { position, reason } = plinth?.queuePlace ?? {};
  const { nextTry, givenUpAt } = plinth?.waitingFor ?? {};
  const place = position ? `${ordinal(position)} in the queue of ${registry}` : `in the queue of ${registry}`;
  const last = givenUpAt ? `, the last ${at(givenUpAt, now)}` : '';
  const next = nextTry ? ` Next try ${at(nextTry, now)}${last}.` : '';
  return `No log yet: ${place}${reason ? `, ${reason}` : ''}.${next}`;
}

interface Given {
  registry: string;
  runId: string;
  run: RunAnswer['properties'];
  now: number;
}

function Standing({ registry, runId, run, now }: Given) {
  const mayWrite = useMayWrite();
  const { states } = useData();
  const about = states.find((one) => one.registry === registry && one.task === run.task)?.built?.seconds;
  const images = run.imageUpdateTrigger?.images.map(referenceOf).join(', ');
  return (
    <>
      <p>
        <strong>{visible(run.status)}</strong>{' '}
        {run.startTime &&
          clockTime((run.finishTime ? Date.parse(run.finishTime) : now) - Date.parse(run.startTime))}
        {isOpen(run) && about !== undefined && ` of about ${clockTime(about * 1000)}`} {triggerOf(run)}
        {run.imageUpdateTrigger && (
          <>
            {': '}
            <Link to={{ view: 'push', id: run.imageUpdateTrigger.id }}>{visible(images ?? '')}</Link>
          </>
        )}{' '}
        {isOpen(run) && mayWrite && (
          <Action
            title="Cancel"
            about={runId}
            ask={() => 'The run ends.'}
            act={() => cancelRun(registry, runId)}
          />
        )}
      </p>
      {run.runErrorMessage && <p class="trouble">{visible(run.runErrorMessage)}</p>}
      <ul class="rows">
        {run.plinth?.baseImageDependencies?.map((base) => (
          <li key={referenceOf(base)}>
            Pinned <Name text={referenceOf(base)} /> ({visible(base.type)})
          </li>
        ))}
        {run.outputImages?.map((image) => (
          <li key={referenceOf(image)}>
            Made <Name text={referenceOf(image)} />
          </li>
        ))}
      </ul>
    </>
  );
}
