/**
 * Runs a script's function. A failure is one line, `{failed}: {why}`, and the exit code that is set, else 1: its user is helped by
 * what was wrong and not by where in the code.
 */
export async function asCommand(failed: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    console.error(`${failed}: ${reasonOf(error)}`);
    process.exitCode ||= 1;
  }
}

/** The SDKs and `execFile` put a page into some messages: the first line that is not empty, and the cause's. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const stderr = 'stderr' in error && typeof error.stderr === 'string' ? error.stderr : '';
  const lines = (stderr.trim() || error.message || error.name).split('\n');
  const line = lines.map((text) => text.trim()).find((text) => text !== '') ?? error.name;
  return error.cause instanceof Error ? `${line} (${reasonOf(error.cause)})` : line;
}
