import type { Operation } from './http.ts';

/** Every operation of the API; a route that is not in this table cannot exist. */
export const operations = {
  registriesGet: { name: 'registries-get', method: 'GET', path: '', role: 'Tasks.Read' },
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
  tasksPlan: { name: 'tasks-plan', method: 'POST', path: 'tasks/{task}/plan', role: 'Tasks.Read' },
  plan: { name: 'plan', method: 'POST', path: 'plan', role: 'Tasks.Read' },
  pushesGet: { name: 'pushes-get', method: 'GET', path: 'pushes/{push}', role: 'Tasks.Read' },
  runsList: { name: 'runs-list', method: 'GET', path: 'runs', role: 'Tasks.Read' },
  runsGet: { name: 'runs-get', method: 'GET', path: 'runs/{run}', role: 'Tasks.Read' },
  runsUpdate: { name: 'runs-update', method: 'PATCH', path: 'runs/{run}', role: 'Tasks.Write' },
  runsCancel: { name: 'runs-cancel', method: 'POST', path: 'runs/{run}/cancel', role: 'Tasks.Write' },
  runsLogUrl: { name: 'runs-log-url', method: 'POST', path: 'runs/{run}/listLogSasUrl', role: 'Tasks.Read' },
} as const satisfies Record<string, Operation>;
