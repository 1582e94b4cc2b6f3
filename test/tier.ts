/** How much a run of the tests proves: see the head of run.ts. Which file is run in which tier, and which rows of it. */
export const tiers = ['fast', 'normal', 'long'] as const;
export type Tier = (typeof tiers)[number];

/** The tier of this process, which run.ts sets; `normal` for a file that is run by itself. */
export const tier = (process.env.PLINTH_TEST_TIER ?? 'normal') as Tier;

/** How many of something a test draws or repeats in this tier. */
export const byTier = <T>(amounts: Record<Tier, T>): T => amounts[tier];

/** The variable with which run.ts says that files were named, so that each is run with all its rows. */
export const namedVariable = 'PLINTH_TEST_NAMED';
const everyRow = tier === 'long' || process.env[namedVariable] === 'true';

/** @returns the first row of each kind, in their order */
export const oneOfEach = <Row>(rows: readonly Row[], kindOf: (row: Row) => unknown): Row[] => {
  const met = new Set<unknown>();
  return rows.filter((row) => {
    const kind = kindOf(row);
    return !met.has(kind) && met.add(kind);
  });
};

/** The rows of a table that this run takes: all in the long tier and of a file that was named, else one of each kind. */
export const someRows = <Row>(rows: readonly Row[], kindOf: (row: Row) => unknown): readonly Row[] =>
  everyRow ? rows : oneOfEach(rows, kindOf);

/** @returns each of both at least once, in pairs, ordered by the first */
export const inTurns = <One, Other>(ones: readonly One[], others: readonly Other[]): [One, Other][] => {
  const length = ones.length * others.length && Math.max(ones.length, others.length);
  const pairs = Array.from({ length }, (_, at): [One, Other] => [
    ones[at % ones.length]!,
    others[at % others.length]!,
  ]);
  return pairs.sort(([one], [other]) => ones.indexOf(one) - ones.indexOf(other));
};

/** The pairs of two tables that this run takes: all in the long tier and of a file that was named, else each row once. */
export const somePairs = <One, Other>(ones: readonly One[], others: readonly Other[]): [One, Other][] =>
  everyRow ? ones.flatMap((one) => others.map((other): [One, Other] => [one, other])) : inTurns(ones, others);

/** A test that `npm test` leaves to `npm run test:long`, and that is run where its file was named. */
export const longTest = <Body>(
  test: (title: string, body: Body) => void,
  title: string,
  body: Body,
): void => {
  if (everyRow) test(title, body);
};

export interface TestFile {
  /** From the root. */
  path: string;
  text: string;
}

export interface Chosen {
  tier: Tier;
  pattern: RegExp;
  /** Whether the command named them. */
  isNamed: boolean;
  files: string[];
  /** How many files are of the long tier alone, and therefore not among them. */
  left: number;
}

/** The line of a file that is not run in every tier: `// Tier: long, why`. */
const saysTier = /^\/\/ Tier: (normal|long), \S/m;
const takesPart = /^import \{[^}]*\b(byTier|someRows|somePairs|longTest)\b[^}]*\} from '[./]+\/tier\.ts';$/m;

/** The least tier in which a file is run. */
const leastOf = ({ path, text }: TestFile): Tier =>
  (saysTier.exec(text)?.[1] as Tier | undefined) ?? (path.startsWith('test/stack/') ? 'normal' : 'fast');

const saidTier = (arg: string) =>
  tiers.find((name) => arg === `--tier=${name}` || (name === 'fast' && arg === name));

/**
 * Which files a command runs: `fast` or one of `--tier=fast`, `normal` and `long` chooses a tier, anything else is a
 * pattern on their paths. The long tier has the files of its own, and those that do more in it.
 * @throws Error for an option that there is not, and for two tiers
 */
export function choose(all: TestFile[], args: string[]): Chosen {
  const said = args.filter((arg) => arg.startsWith('--') || saidTier(arg));
  const unknown = said.find((arg) => !saidTier(arg));
  if (unknown !== undefined)
    throw new Error(`'${unknown}' is unknown. usage: npm test [-- [fast] [PATTERN …]], npm run test:long`);
  if (said.length > 1) throw new Error(`${said.join(' and ')} are two tiers.`);
  const [given] = said.flatMap((arg) => saidTier(arg) ?? []);
  const tier = given ?? 'normal';
  const patterns = args.filter((arg) => arg !== '' && !said.includes(arg));
  const pattern = new RegExp(patterns.join('|'));
  const isNamed = !given && patterns.length > 0;
  const matching = all.filter(({ path }) => pattern.test(path));
  const isIn: Record<Tier, (file: TestFile) => boolean> = {
    fast: (file) => leastOf(file) === 'fast',
    normal: (file) => isNamed || leastOf(file) !== 'long',
    long: (file) => leastOf(file) === 'long' || takesPart.test(file.text),
  };
  const files = matching.filter(isIn[tier]).map(({ path }) => path);
  const left = tier === 'normal' ? matching.length - files.length : 0;
  return { tier, pattern, isNamed, files, left };
}
