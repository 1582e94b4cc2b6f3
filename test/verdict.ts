export interface Verdict {
  passed: number;
  failed: number;
  skipped: number;
  /** Why the file failed; empty when it passed. */
  reason: string;
}

/**
 * What one test file's run amounts to.
 * @param code the process's exit code, null when it was stopped
 * @param output what uvu printed, without colour; its footer is the only source of the counts
 * @param source the file's text: a `.only` makes the others vanish, and a `.skip` must be counted as one
 */
export function readVerdict(file: string, code: number | null, output: string, source: string): Verdict {
  const count = (name: string) => Number(new RegExp(`^  ${name}:\\s+(\\d+)$`, 'm').exec(output)?.[1] ?? 0);
  const total = count('Total');
  const passed = count('Passed');
  const skipped = count('Skipped');
  const reasons = [
    code !== 0 && `ended with ${code ?? 'a time-out'}`,
    total === 0 && 'ran no test (is test.run() missing?)',
    passed !== total && `${passed} of ${total} passed`,
    /\btest\.only\(/.test(source) && 'holds a test.only',
  ].filter((reason) => typeof reason === 'string');
  const failed = reasons.length === 0 ? 0 : Math.max(1, total - passed);
  return { passed, failed, skipped, reason: reasons.length > 0 ? `${file}: ${reasons.join('; ')}` : '' };
}
