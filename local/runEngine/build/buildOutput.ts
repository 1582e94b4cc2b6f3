/** What was seen of a build so far. */
interface BuildOutput {
  /** The line as ACR's log has it; undefined for one without information. */
  line(text: string): string | undefined;
  /** Why the build failed, which step, and what to do. */
  fault(exitCode: number): string;
}

const noise =
  /^(Getting image source signatures|Storing signatures|Writing manifest to image destination|Copying config sha256:[0-9a-f]{64}|COMMIT \S+|--> [0-9a-f]{11}|subprocess exited with status \d+)$/;
const unusedPlatformArgs = /^\[Warning\] one or more build args were not consumed: \[(TARGET\w+ ?)*\]$/;

const advice: [pattern: RegExp, what: string][] = [
  [
    /manifest unknown|name unknown|not found: manifest/i,
    'There is no such image; check its name and tag, or push it first.',
  ],
  [
    /unauthorized|authentication required|denied/i,
    'The run may not use that registry; give credentials.customRegistries a login that may pull it.',
  ],
  [
    /no such host|connection refused|i\/o timeout|server gave HTTP response|certificate/i,
    'The registry cannot be reached; check its name.',
  ],
  [/Unknown instruction/i, 'The Dockerfile does not parse there.'],
  [
    /no such file or directory|no items matching/i,
    'Check that the file is in the context and not in .dockerignore.',
  ],
  [/^(exit status|while running runtime: exit status) \d+$/, 'The log holds what the command printed.'],
];

/**
 * Reads buildah's output.
 * @param show puts a registry's name for its real place in a text
 */
export function readBuildOutput(show: (text: string) => string): BuildOutput {
  let step: string | undefined;
  let error: string | undefined;
  let committing = false;
  return {
    line(text) {
      const [, n, of, instruction] = /^(?:\[\d+\/\d+\] )?STEP (\d+)\/(\d+): (.*)$/.exec(text) ?? [];
      if (n) {
        step = `Step ${n}/${of} (${instruction})`;
        committing = false;
        return `Step ${n}/${of} : ${instruction}`;
      }
      if (text.startsWith('COMMIT ') || text === 'COMMIT') committing = true;
      if (noise.test(text) || unusedPlatformArgs.test(text)) return undefined;
      const blob = /^Copying blob (sha256:[0-9a-f]{64})$/.exec(text)?.[1];
      if (blob) return committing ? undefined : `${blob.slice(7, 19)}: Pulling fs layer`;
      const said =
        /^(?:Error|error): (.*)$/.exec(text)?.[1] ?? /^error (building at STEP.*)$/.exec(text)?.[1];
      if (said !== undefined) {
        error = show(said);
        return `Error: ${error}`;
      }
      return text;
    },
    fault(exitCode) {
      const cause = (error ?? `exit status ${exitCode}`)
        .replace(/^(building at STEP "(?:[^"\\]|\\.)*": )+/, '')
        .replace(/&?imagebuilder\.Step\{.*$/s, '')
        .replace(/^creating build container: (initializing source docker:\/\/\S+: )?/, '')
        .trim()
        .slice(0, 1000);
      const what = advice.find(([pattern]) => pattern.test(cause))?.[1];
      return `${step ?? 'The build'} failed: ${cause}.${what ? ` ${what}` : ''}`;
    },
  };
}
