import type { z } from 'zod';

/**
 * What is wrong with a value, in words of what it describes and none of the schema's library.
 * @returns one sentence for each field, `where: what`; never the value, which may be a secret
 */
export function faultsOf(error: z.ZodError): string[] {
  const byField = new Map<string, string>();
  for (const issue of error.issues) {
    const field = issue.path.join('.') || 'the body';
    // What is empty is not also of a wrong form.
    if (!byField.has(field)) byField.set(field, `${field}: ${inWords(issue)}`);
  }
  return [...byField.values()];
}

function inWords(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_key':
      return issue.issues.map(inWords).join(', ');
    case 'invalid_type':
      return ofType(issue);
    case 'invalid_union':
      return 'options' in issue ? `is one of ${issue.options!.join(', ')}` : 'has a form that is not known';
    case 'too_small':
    case 'too_big':
      return bound(issue) ?? issue.message;
    case 'invalid_value':
      return issue.message.startsWith('Invalid')
        ? `is one of ${issue.values.map(listed).join(', ')}`
        : issue.message;
    case 'invalid_format':
      return issue.message.startsWith('Invalid')
        ? `is no ${formats[issue.format] ?? issue.format}`
        : issue.message;
    default:
      return issue.message;
  }
}

const formats: Record<string, string> = {
  datetime: 'date and time as 2026-01-31T10:00:00Z',
  regex: 'text of the form that it has to have',
  url: 'address with its https://',
};

/** JSON's types, in JSON's own words. */
const types: Record<string, string> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};

function ofType(issue: z.core.$ZodIssueInvalidType): string {
  const wanted = types[issue.expected] ?? issue.expected;
  // The library tells what came in its message alone.
  const [, received] = /, received (\w+)$/.exec(issue.message) ?? [];
  if (received === undefined && issue.expected !== 'int') return issue.message;
  if (received === 'undefined') return 'is missing';
  const given = issue.expected === 'int' ? undefined : types[received!];
  return `has to be ${wanted}${given ? `, not ${given}` : ''}`;
}

/** A word of a list; in quotes where it has a comma of its own. */
const listed = (value: unknown) => (String(value).includes(',') ? `"${value}"` : String(value));

/** A bound in words; undefined where the schema has words of its own. */
function bound(issue: z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig): string | undefined {
  if (!/^Too (small|big)/.test(issue.message)) return undefined;
  const [limit, count] =
    issue.code === 'too_small'
      ? (['at least', issue.minimum] as const)
      : (['at most', issue.maximum] as const);
  if (issue.origin === 'string') return count === 1 ? 'is empty' : `has ${limit} ${count} characters`;
  if (issue.origin === 'array') return `has ${limit} ${count} ${count === 1 ? 'entry' : 'entries'}`;
  return `has to be ${limit} ${count}`;
}
