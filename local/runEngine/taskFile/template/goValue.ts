/** A value of a template, as the engine, a Go program, has it: whole numbers are bigint; undefined is Go's nil. */
export type GoValue = string | bigint | number | boolean | undefined | GoValue[] | GoMap;
export type GoMap = ReadonlyMap<string, GoValue>;

/** What Go's templates write for nil; the engine takes it out again. */
export const noValue = '<no value>';

/** A value as `%v` writes it. */
export function shown(value: GoValue): string {
  if (value === undefined) return noValue;
  if (typeof value === 'number') return shownFloat(value);
  if (Array.isArray(value)) return `[${value.map(within).join(' ')}]`;
  if (value instanceof Map) {
    const names = [...value.keys()].sort();
    return `map[${names.map((name) => `${name}:${within(value.get(name))}`).join(' ')}]`;
  }
  return String(value);
}

const within = (value: GoValue) => (value === undefined ? '<nil>' : shown(value));

/** `%v` of a float64 is `%g` of the fewest digits: with an exponent from 1e+06 on, and below 1e-04. */
function shownFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const exponent = value === 0 ? 0 : Number(value.toExponential().split('e')[1]);
  if (exponent >= -4 && exponent < 6) return Object.is(value, -0) ? '-0' : String(value);
  return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
}

/** What `if`, `and`, `or`, `not` and `default` take for nothing. */
export function isZero(value: GoValue): boolean {
  if (Array.isArray(value)) return value.length === 0;
  if (value instanceof Map) return value.size === 0;
  return !value && !Number.isNaN(value);
}
