/**
 * Runs what a script is for. A failure is one line, `{failed}: {why}`, and exit code 1: who runs the script is helped by
 * what was wrong and not by where in the code.
 */
export async function asCommand(failed: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    console.error(`${failed}: ${reasonOf(error)}`);
    process.exitCode = 1;
  }
}

/** The SDKs and `execFile` put a page into some messages: the first line that says something, and the cause's. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const stderr = 'stderr' in error && typeof error.stderr === 'string' ? error.stderr : '';
  const lines = (stderr.trim() || error.message || error.name).split('\n');
  const line = lines.map((text) => text.trim()).find((text) => text !== '') ?? error.name;
  return error.cause instanceof Error ? `${line} (${reasonOf(error.cause)})` : line;
}
