const sorted = (values: number[]) => [...values].sort((a, b) => a - b);

/** The value below which a part of them lies; 0.5 is the median. */
export const quantile = (values: number[], part: number) =>
  sorted(values)[Math.min(values.length - 1, Math.floor(values.length * part))]!;

/** `median 41 ms, p99 120 ms, of 50`. */
export const line = (title: string, values: number[], unit = 'ms') =>
  `${title}: median ${round(quantile(values, 0.5))} ${unit}, p99 ${round(quantile(values, 0.99))} ${unit}, least ${round(Math.min(...values))}, of ${values.length}`;

const round = (value: number) => (value < 10 ? value.toFixed(2) : value.toFixed(0));
