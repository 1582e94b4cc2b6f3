/**
 * Prints a run's log as it grows, the way az reads it: HEAD for its length and whether it is complete, then the new
 * bytes.
 * @param print gets whole lines without their ends
 * @returns the value of `Complete` at the run's end
 */
export async function followLog(
  logLink: string,
  print: (line: string) => void,
  signal?: AbortSignal,
): Promise<string> {
  let at = 0;
  let rest = '';
  for (;;) {
    signal?.throwIfAborted();
    const head = await fetch(logLink, { method: 'HEAD' });
    const length = Number(head.headers.get('content-length') ?? 0);
    const complete = head.headers.get('x-ms-meta-complete');
    if (head.ok && length > at) {
      const answer = await fetch(logLink, { headers: { 'x-ms-range': `bytes=${at}-${length - 1}` } });
      const text = rest + (await answer.text());
      at = length;
      const lines = text.split(/\r?\n/);
      rest = lines.pop()!;
      for (const line of lines) print(line);
    }
    if (complete) {
      if (rest) print(rest);
      return complete;
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
