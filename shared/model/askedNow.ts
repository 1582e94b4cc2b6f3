const requestTypes = [
  'DockerBuildRequest',
  'TaskRunRequest',
  'FileTaskRunRequest',
  'EncodedTaskRunRequest',
] as const;

/**
 * A run request as the newest api-version has it. ARM takes the type in any case; ACR's first version named the task and
 * its values directly, and its examples still do.
 */
export const asAskedNow = (body: unknown) => {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return body;
  const { taskName, values, ...given } = body as Record<string, unknown>;
  const type = requestTypes.find((name) => name.toLowerCase() === String(given.type).toLowerCase());
  const request = { ...given, ...(type && { type }) };
  if (type !== 'TaskRunRequest' || given.taskId !== undefined || taskName === undefined)
    return { ...body, ...(type && { type }) };
  return {
    ...request,
    taskId: taskName,
    ...(values !== undefined && { overrideTaskStepProperties: { values } }),
  };
};
