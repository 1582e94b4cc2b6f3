/** The app roles of the API's registration in Entra. */
export const roles = ['Tasks.Read', 'Tasks.Write', 'Tasks.ReadSecrets', 'Bases.Judge'] as const;
export type Role = (typeof roles)[number];

type HttpMethod = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** One operation of the API: `path` is what follows the registry, in Functions' route syntax. */
export interface Operation {
  name: string;
  method: HttpMethod;
  path: string;
  role: Role;
  /** Of all registries: its path is the whole, and ARM has none for it. */
  scope?: 'app';
}

/** Every operation of the API; a route that is not in this table cannot exist. */
export const operations = {
  registriesList: {
    name: 'registries-list',
    method: 'GET',
    path: 'registries',
    role: 'Tasks.Read',
    scope: 'app',
  },
  graphGet: { name: 'graph-get', method: 'GET', path: 'graph', role: 'Tasks.Read', scope: 'app' },
  liveGet: { name: 'live-get', method: 'GET', path: 'live', role: 'Tasks.Read', scope: 'app' },
  pushesList: { name: 'pushes-list', method: 'GET', path: 'pushes', role: 'Tasks.Read', scope: 'app' },
  heldList: { name: 'held-list', method: 'GET', path: 'held', role: 'Tasks.Read', scope: 'app' },
  staleList: { name: 'stale-list', method: 'GET', path: 'stale', role: 'Tasks.Read' },
  registriesGet: { name: 'registries-get', method: 'GET', path: '', role: 'Tasks.Read' },
  registriesHealth: { name: 'registries-health', method: 'GET', path: 'health', role: 'Tasks.Read' },
  uploadUrl: {
    name: 'registries-upload-url',
    method: 'POST',
    path: 'listBuildSourceUploadUrl',
    role: 'Tasks.Write',
  },
  scheduleRun: { name: 'registries-schedule-run', method: 'POST', path: 'scheduleRun', role: 'Tasks.Write' },
  tasksList: { name: 'tasks-list', method: 'GET', path: 'tasks', role: 'Tasks.Read' },
  tasksGet: { name: 'tasks-get', method: 'GET', path: 'tasks/{task}', role: 'Tasks.Read' },
  tasksListDetails: {
    name: 'tasks-list-details',
    method: 'POST',
    path: 'tasks/{task}/listDetails',
    role: 'Tasks.ReadSecrets',
  },
  tasksCreate: { name: 'tasks-create', method: 'PUT', path: 'tasks/{task}', role: 'Tasks.Write' },
  tasksUpdate: { name: 'tasks-update', method: 'PATCH', path: 'tasks/{task}', role: 'Tasks.Write' },
  tasksDelete: { name: 'tasks-delete', method: 'DELETE', path: 'tasks/{task}', role: 'Tasks.Write' },
  tasksDecisions: {
    name: 'tasks-decisions',
    method: 'GET',
    path: 'tasks/{task}/decisions',
    role: 'Tasks.Read',
  },
  tasksWhy: { name: 'tasks-why', method: 'GET', path: 'tasks/{task}/why', role: 'Tasks.Read' },
  tasksPlan: { name: 'tasks-plan', method: 'POST', path: 'tasks/{task}/plan', role: 'Tasks.Read' },
  plan: { name: 'plan', method: 'POST', path: 'plan', role: 'Tasks.Read' },
  baseImages: { name: 'base-images', method: 'GET', path: 'baseImages', role: 'Tasks.Read' },
  quarantine: { name: 'quarantine', method: 'POST', path: 'quarantine', role: 'Bases.Judge' },
  admit: { name: 'admit', method: 'POST', path: 'admit', role: 'Bases.Judge' },
  release: { name: 'release', method: 'POST', path: 'release', role: 'Tasks.Write' },
  pushesGet: { name: 'pushes-get', method: 'GET', path: 'pushes/{push}', role: 'Tasks.Read' },
  runsList: { name: 'runs-list', method: 'GET', path: 'runs', role: 'Tasks.Read' },
  runsGet: { name: 'runs-get', method: 'GET', path: 'runs/{run}', role: 'Tasks.Read' },
  runsUpdate: { name: 'runs-update', method: 'PATCH', path: 'runs/{run}', role: 'Tasks.Write' },
  runsCancel: { name: 'runs-cancel', method: 'POST', path: 'runs/{run}/cancel', role: 'Tasks.Write' },
  runsLogUrl: { name: 'runs-log-url', method: 'POST', path: 'runs/{run}/listLogSasUrl', role: 'Tasks.Read' },
  taskRunsList: { name: 'task-runs-list', method: 'GET', path: 'taskRuns', role: 'Tasks.Read' },
  taskRunsGet: { name: 'task-runs-get', method: 'GET', path: 'taskRuns/{taskRun}', role: 'Tasks.Read' },
  taskRunsCreate: {
    name: 'task-runs-create',
    method: 'PUT',
    path: 'taskRuns/{taskRun}',
    role: 'Tasks.Write',
  },
  taskRunsDelete: {
    name: 'task-runs-delete',
    method: 'DELETE',
    path: 'taskRuns/{taskRun}',
    role: 'Tasks.Write',
  },
} as const satisfies Record<string, Operation>;
