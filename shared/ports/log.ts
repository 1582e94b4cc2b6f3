/** Writes a log line; facts are flat and hold no secret. */
export type Log = (
  level: 'information' | 'warning' | 'error',
  message: string,
  facts?: Record<string, string | number | boolean | undefined>,
) => void;
