/** Resources of a registry that ACR has and Plinth does not, by the lower-case part of the path, with what to use. */
export const notServed: Record<string, string> = {
  taskruns:
    'Plinth keeps no taskRuns. POST a run request to scheduleRun (az acr build, az acr run, az acr task run); a deployment script does that from Bicep.',
  agentpools:
    'Plinth keeps no agent pools. Make them in ACR; a task or run names one with agentPoolName, and the registry’s run engine uses it.',
};
