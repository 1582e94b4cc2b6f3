import type { Run } from '../model/run.ts';
import type { Platform, Task } from '../model/task.ts';
import { defaultArchitecture } from '../platform.ts';
import type { KnownRegistry } from '../ports/ports.ts';
import { type RunValues, runDate } from '../runValues.ts';

/** What `{{.Run.X}}` stands for in a run. `Commit` and `Branch` are known once the source is
 * fetched, or from what started the run. */
export function runValuesOf(
  run: Run,
  own: KnownRegistry,
  platform: Platform,
  task?: Task,
  source: { commit?: string | undefined; branch?: string | undefined } = {},
): RunValues {
  return {
    ID: run.runId,
    TaskName: task?.name ?? '',
    Registry: own.loginServer,
    RegistryName: own.name,
    Date: runDate(new Date(run.createTime)),
    OS: platform.os.toLowerCase(),
    Architecture: (platform.architecture ?? defaultArchitecture).toLowerCase(),
    Commit: source.commit ?? run.sourceTrigger?.commitId ?? '',
    Branch: source.branch ?? run.sourceTrigger?.branchName ?? '',
  };
}
