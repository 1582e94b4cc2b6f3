import { defaultArchitecture } from '../../model/platform.ts';
import type { KnownRegistry } from '../../model/registry.ts';
import type { Run } from '../../model/run.ts';
import type { Platform, Task } from '../../model/task.ts';
import { type RunValues, runDate } from '../../names/runValues.ts';

interface Inputs {
  platform: Platform;
  task?: Task;
  source?: { commit?: string | undefined; branch?: string | undefined } | undefined;
}

/** What `{{.Run.X}}` stands for in a run. `Commit` and `Branch` are known once the source is
 * fetched, or from what started the run. */
export function runInputs(
  run: Run,
  registry: KnownRegistry,
  { platform, task, source = {} }: Inputs,
): RunValues {
  return {
    ID: run.runId,
    TaskName: task?.name ?? '',
    Registry: registry.loginServer,
    RegistryName: registry.name,
    Date: runDate(new Date(run.createTime)),
    OS: platform.os.toLowerCase(),
    Architecture: (platform.architecture ?? defaultArchitecture).toLowerCase(),
    Commit: source.commit ?? run.sourceTrigger?.commitId ?? '',
    Branch: source.branch ?? run.sourceTrigger?.branchName ?? '',
  };
}
