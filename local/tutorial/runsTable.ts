interface RunResource {
  properties: {
    runId: string;
    task?: string;
    platform: { os: string };
    status: string;
    imageUpdateTrigger?: object;
    timerTrigger?: object;
    sourceTrigger?: { eventType?: string };
    startTime?: string;
    finishTime?: string;
  };
}

const columns = ['RUN ID', 'TASK', 'PLATFORM', 'STATUS', 'TRIGGER', 'STARTED', 'DURATION'];

/** Runs as `az acr task list-runs -o table` prints them. */
export function runsTable(runs: RunResource[]): string {
  const rows = runs.map(({ properties: run }) => [
    run.runId,
    run.task ?? '',
    run.platform.os.toLowerCase(),
    run.status,
    triggerOf(run),
    run.startTime ? `${run.startTime.slice(0, 19)}Z` : '',
    run.startTime && run.finishTime ? duration(Date.parse(run.finishTime) - Date.parse(run.startTime)) : '',
  ]);
  const widths = columns.map((name, at) => Math.max(name.length, ...rows.map((row) => row[at]!.length)));
  const line = (cells: string[]) =>
    cells
      .map((cell, at) => cell.padEnd(widths[at]!))
      .join('  ')
      .trimEnd();
  return [columns, widths.map((width) => '-'.repeat(width)), ...rows].map(line).join('\n');
}

function triggerOf(run: RunResource['properties']): string {
  if (run.sourceTrigger) return run.sourceTrigger.eventType ?? 'Commit';
  if (run.timerTrigger) return 'Timer';
  return run.imageUpdateTrigger ? 'Image Update' : 'Manual';
}

const duration = (ms: number) => new Date(Math.round(ms / 1000) * 1000).toISOString().slice(11, 19);
