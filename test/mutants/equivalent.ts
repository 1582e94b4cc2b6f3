/** A mutant that no test can find, as nothing that can be seen depends on it. */
export interface Equivalent {
  file: string;
  original: string;
  replacement: string;
  reason: string;
}

/** At most 3 of 100 mutants; each with why nothing can tell it from the source. */
export const equivalents: Equivalent[] = [
  {
    file: 'shared/rules/bases/policies.ts',
    original: 'known',
    replacement: 'false',
    reason: 'Patterns that are compiled again are the same patterns.',
  },
  {
    file: 'shared/rules/cron.ts',
    original: '[]',
    replacement: '["Stryker was here"]',
    reason: 'The first part of a match is not looked at, and no text of a field begins that sentence.',
  },
  {
    file: 'shared/rules/queue/dispatch.ts',
    original: '[]',
    replacement: '["Stryker was here"]',
    reason:
      'A call without a time is a lost one, and no run has that id; other defaults are in the rows of the test.',
  },
];
