import { type RoughnessName, roughnesses } from './table.ts';

export interface RoughOptions {
  seed: number;
  /** Those that are on from the start; all when not given. */
  only?: RoughnessName[];
  /** Milliseconds that a minute of Azure's lasts here; 1,000 when not given. */
  minuteMs?: number;
  /** Other shares than the table's, of 1,000 occasions. */
  shares?: Partial<Record<RoughnessName, number>>;
  /** So many of them at most, from one `only` to the next. */
  most?: Partial<Record<RoughnessName, number>>;
  /** What part of Azure's limits of pace is granted; 1 when not given. */
  pace?: number;
}

/** How rough Azure is: what is switched on, what is drawn, and how often each was met. */
export interface Rough {
  /** Whether it is on. */
  isOn(name: RoughnessName): boolean;
  /** Whether this occasion meets it, which is then counted. The n-th occasion is the same for one seed. */
  meets(name: RoughnessName): boolean;
  /** Counts what happens without a draw. */
  count(name: RoughnessName): void;
  /** A whole number from 0 to below, from the numbers of that name. */
  draw(name: RoughnessName, below: number): number;
  /** Azure's minutes in the milliseconds of this machine. */
  ms(minutes: number): number;
  /** One of Azure's limits of pace, as far as it is granted. */
  pace(limit: number): number;
  /** From now on these are on and no other. */
  only(...names: RoughnessName[]): void;
  counts(): Record<RoughnessName, number>;
}

export const roughnessNames = Object.keys(roughnesses) as RoughnessName[];

/** @param options.seed the same draws for each name; what happens at once may still differ in order */
export function createRough({
  seed,
  only = roughnessNames,
  minuteMs = 1000,
  shares = {},
  most = {},
  pace = 1,
}: RoughOptions): Rough {
  let on = new Set(only);
  const met = new Map<RoughnessName, number>();
  let before = new Map(met);
  const streams = new Map(roughnessNames.map((name, at) => [name, numbersFrom(seed * 31 + at)]));
  const count = (name: RoughnessName) => void met.set(name, (met.get(name) ?? 0) + 1);
  const isEnough = (name: RoughnessName) =>
    (met.get(name) ?? 0) - (before.get(name) ?? 0) >= (most[name] ?? Number.POSITIVE_INFINITY);
  return {
    isOn: (name) => on.has(name),
    meets(name) {
      if (!on.has(name) || isEnough(name)) return false;
      if (streams.get(name)!(1000) >= (shares[name] ?? roughnesses[name].share)) return false;
      count(name);
      return true;
    },
    count,
    draw: (name, below) => streams.get(name)!(below),
    ms: (minutes) => minutes * minuteMs,
    pace: (limit) => limit * pace,
    only(...wanted) {
      on = new Set(wanted);
      before = new Map(met);
    },
    counts: () =>
      Object.fromEntries(roughnessNames.map((name) => [name, met.get(name) ?? 0])) as Record<
        RoughnessName,
        number
      >,
  };
}

/** A bucket that refills at a pace: 0 takes so much out of it; else the ms until that much is in it, and nothing is taken. */
export function createBucket(size: number, aSecond: number) {
  let held = size;
  let filledAt = Date.now();
  return (wanted = 1): number => {
    // More than it ever holds takes all of it.
    const cost = Math.min(wanted, size);
    const now = Date.now();
    held = Math.min(size, held + ((now - filledAt) / 1000) * aSecond);
    filledAt = now;
    if (held < cost) return ((cost - held) / aSecond) * 1000;
    held -= cost;
    return 0;
  };
}

/** Numbers that look drawn and are the same for one seed (mulberry32). */
function numbersFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * below) | 0;
  };
}
