import type { ImageUpdateTrigger, Run, SourceRunTrigger, TimerRunTrigger } from './run.ts';

/**
 * Why a run is there. A new kind of trigger is a member here: what decides by the kind, and the table below, do not
 * compile until they handle it.
 */
export type Cause =
  | { kind: 'manual' }
  | { kind: 'imageUpdate'; trigger: ImageUpdateTrigger }
  | { kind: 'timer'; trigger: TimerRunTrigger }
  | { kind: 'source'; trigger: SourceRunTrigger };

/** ACR's properties of a run for what triggered it; a run without one is "Manual". */
type TriggerField = Extract<keyof Run, `${string}Trigger`>;
type Triggers = Pick<Run, TriggerField>;

const kinds: Record<TriggerField, Exclude<Cause['kind'], 'manual'>> = {
  imageUpdateTrigger: 'imageUpdate',
  timerTrigger: 'timer',
  sourceTrigger: 'source',
};

export function causeOf(run: Triggers): Cause {
  for (const [field, kind] of Object.entries(kinds)) {
    const trigger = run[field as TriggerField];
    if (trigger) return { kind, trigger } as Cause;
  }
  return { kind: 'manual' };
}

/** The cause as the properties of a run. */
export function triggerOf(cause: Cause): Triggers {
  switch (cause.kind) {
    case 'manual':
      return {};
    case 'imageUpdate':
      return { imageUpdateTrigger: cause.trigger };
    case 'timer':
      return { timerTrigger: cause.trigger };
    case 'source':
      return { sourceTrigger: cause.trigger };
  }
}

/** Whether something other than a person started it; such a run waits behind those of people. */
export const isAutomatic = (run: Triggers) => causeOf(run).kind !== 'manual';

/** ACR's type of a run: QuickRun for whatever a person starts, a task's run too. */
export const runTypeOf = (run: Triggers) => (isAutomatic(run) ? 'AutoRun' : 'QuickRun');
