/** What was found at one edge of a deployment. */
export interface Finding {
  /** What was looked at, in words: `provider Microsoft.Web`. */
  edge: string;
  /** `fault` stops something; `unseen` could not be looked at; `note` is to be known and stops nothing. */
  state: 'works' | 'fault' | 'unseen' | 'note';
  says: string;
  /** Commands that mend it, each ready for a shell. */
  mend: string[];
}

const finding =
  (state: Finding['state']) =>
  (edge: string, says: string, ...mend: string[]): Finding => ({ edge, state, says, mend });

export const works = finding('works');
export const fault = finding('fault');
export const unseen = finding('unseen');
export const note = finding('note');

/** What precedes each finding in the report. */
const marks: Record<Finding['state'], string> = { works: 'ok', fault: 'FAULT', unseen: '?', note: 'note' };

/** A finding as lines of text: what it says, then its commands, indented. */
export function linesOf({ edge, state, says, mend }: Finding): string[] {
  return [`${marks[state].padEnd(6)}${edge}: ${says}`, ...mend.map((command) => `        ${command}`)];
}

/** The last line of a report. */
export function summaryOf(findings: Finding[]): string {
  const count = (state: Finding['state']) => findings.filter((one) => one.state === state).length;
  const [faults, hidden] = [count('fault'), count('unseen')];
  const found = `${faults} ${faults === 1 ? 'fault' : 'faults'}`;
  return `${found}, ${count('works')} work${hidden > 0 ? `, ${hidden} could not be looked at` : ''}.`;
}

/** A word as a POSIX shell takes it literally. */
export const quoted = (text: string) =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

/** The command that gives a role. @param principal object id and kind, as Entra knows them */
export const assignRole = (
  principal: { id: string; type: 'User' | 'ServicePrincipal' },
  role: string,
  scope: string,
) =>
  `az role assignment create --assignee-object-id ${principal.id} --assignee-principal-type ${principal.type} ` +
  `--role ${quoted(role)} --scope ${quoted(scope)}`;
