import { DockerfileRefusal, quote } from './errors.ts';
import type { FlagValues } from './flags.ts';

const unitSeconds: Record<string, number> = {
  ns: 1e-9,
  us: 1e-6,
  µs: 1e-6,
  μs: 1e-6,
  ms: 1e-3,
  s: 1,
  m: 60,
  h: 3600,
};
const longestSeconds = 9_223_372_036.854776;
const shortestSeconds = 1e-3;

export const healthcheckFlags = {
  interval: 'text',
  timeout: 'text',
  'start-period': 'text',
  'start-interval': 'text',
  retries: 'text',
} as const;

export function checkHealthcheckFlags(flags: FlagValues): void {
  for (const name of ['interval', 'timeout', 'start-period', 'start-interval']) {
    const value = flags.get(name)?.[0]?.value ?? '';
    const seconds = value === '' ? 0 : parseDuration(value);
    if (seconds === undefined || (seconds !== 0 && seconds < shortestSeconds)) {
      throw new DockerfileRefusal(`--${name} is not a duration of at least 1ms: ${quote(value)}`);
    }
  }
  const retries = flags.get('retries')?.[0]?.value ?? '';
  const count = Number(retries);
  if (retries !== '' && (!/^[+-]?[0-9]+$/.test(retries) || count < 0 || count >= 2 ** 31)) {
    throw new DockerfileRefusal(`--retries is not a count: ${quote(retries)}`);
  }
}

/** time.ParseDuration, in seconds. */
function parseDuration(text: string): number | undefined {
  const unsigned = text.replace(/^[+-]/, '');
  if (unsigned === '0') return 0;
  const part = /(?:([0-9]+)(\.[0-9]*)?|(\.[0-9]+))(ns|us|µs|μs|ms|s|m|h)/y;
  let seconds = 0;
  while (part.lastIndex < unsigned.length) {
    const found = part.exec(unsigned);
    if (found === null) return undefined;
    seconds += Number(`${found[1] ?? '0'}${found[2] ?? found[3] ?? ''}`) * unitSeconds[found[4]!]!;
  }
  if (unsigned === '' || seconds > longestSeconds) return undefined;
  return text.startsWith('-') ? -seconds : seconds;
}
