/** A mutant that no test can find, as nothing that can be seen depends on it. */
export interface Equivalent {
  file: string;
  original: string;
  replacement: string;
  reason: string;
}

/** At most 3 of 100 mutants; each with why nothing can tell it from the source. */
export const equivalents: Equivalent[] = [];
