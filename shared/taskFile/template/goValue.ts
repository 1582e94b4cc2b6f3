/** Values as ACR's engine, a Go program, has them: whole numbers are bigint, other numbers number, nothing is undefined. */
type GoMap = { [name: string]: unknown };

export const isMapValue = (value: unknown): value is GoMap =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);

/** What Go's templates print for nothing. */
export const noValue = '<no value>';

/** A value as a Go template prints it. */
export function printed(value: unknown): string {
  if (value === undefined || value === null) return noValue;
  if (typeof value === 'number') return printedFloat(value);
  if (value instanceof Date) return `${value.toISOString().slice(0, 19).replace('T', ' ')} +0000 UTC`;
  if (Array.isArray(value)) return `[${value.map(inner).join(' ')}]`;
  if (isMapValue(value))
    return `map[${Object.keys(value)
      .sort()
      .map((key) => `${key}:${inner(value[key])}`)
      .join(' ')}]`;
  return String(value);
}

const inner = (value: unknown) => (value === undefined || value === null ? '<nil>' : printed(value));

/** Go's `%v`, which is `%g` of the fewest digits: from 1e+06 on, and below 1e-04, with an exponent. */
function printedFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e6))
    return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
  return String(value);
}

/** What Go's templates and Sprig hold for nothing: no value, an empty text, 0, false, an empty list or map. */
export function isEmpty(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  if (isMapValue(value)) return Object.keys(value).length === 0;
  return !value;
}

/** A value as Go writes JSON. */
export function toJson(value: unknown): string {
  if (value === undefined || value === null) return 'null';
  if (Array.isArray(value)) return `[${value.map(toJson).join(',')}]`;
  if (isMapValue(value))
    return `{${Object.keys(value)
      .sort()
      .map((key) => `${toJson(key)}:${toJson(value[key])}`)
      .join(',')}}`;
  if (typeof value === 'bigint') return String(value);
  return JSON.stringify(value).replaceAll(/[<>&]/g, (char) => `\\u00${char.charCodeAt(0).toString(16)}`);
}
