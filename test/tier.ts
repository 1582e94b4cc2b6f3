/** How much a run of the tests proves: see the head of run.ts. Every file runs in every tier of its folder. */
export const tiers = ['fast', 'normal', 'long'] as const;
export type Tier = (typeof tiers)[number];

/** The tier of this process, which run.ts sets; `normal` for a file that is run by itself. */
export const tier = (process.env.PLINTH_TEST_TIER ?? 'normal') as Tier;

/** How many of something a test draws or repeats in this tier. */
export const byTier = <T>(amounts: Record<Tier, T>): T => amounts[tier];
