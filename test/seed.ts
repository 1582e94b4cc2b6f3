/** What the storms are drawn from where PLINTH_SEED does not say otherwise: the gate plays the same ones each time. */
const gateSeed = 20_261_127;

/** The seed of a test that draws: the number in PLINTH_SEED, another each time for `any`. */
export function seedOf(given = process.env.PLINTH_SEED): number {
  if (given === undefined || given === '') return gateSeed;
  return given === 'any' ? Date.now() % 1_000_000_007 : Number(given);
}
