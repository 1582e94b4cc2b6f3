import { parseBool } from './directives.ts';
import { DockerfileRefusal, quote } from './errors.ts';
import { type Span, toLower } from './goText.ts';

/** A field of one line of CSV; `inner` is where its value stands, without the quotes around it. */
type Field = { text: string; inner: Span };

/** The `from=` of a `--mount`: the last one counts. `span` is where it stands in the value. */
export function mountFrom(value: string): { from: string; span: Span } | undefined {
  let found: { from: string; span: Span } | undefined;
  for (const { text, inner } of csvFields(value)) {
    const equals = text.indexOf('=');
    if (equals < 0 || toLower(text.slice(0, equals)) !== 'from') continue;
    const from = text.slice(equals + 1);
    const dollar = from.indexOf('$');
    if (dollar >= 0 && dollar < from.length - 1) {
      throw new DockerfileRefusal(
        `a mount's from takes no variable (${quote(from)}); name a stage with FROM instead`,
      );
    }
    found = { from, span: { start: inner.start + equals + 1, end: inner.end } };
  }
  return found === undefined || found.from === '' ? undefined : found;
}

/** Refuses what BuildKit refuses in `RUN --device`; no image can be named there. */
export function checkDevice(value: string): void {
  let hasName = false;
  for (const { text } of csvFields(value)) {
    const equals = text.indexOf('=');
    const key = toLower(equals < 0 ? text : text.slice(0, equals));
    const isRequired = key === 'required' && (equals < 0 || parseBool(text.slice(equals + 1)) !== undefined);
    if (isRequired) continue;
    if (key === 'required' || hasName)
      throw new DockerfileRefusal(`--device=${quote(value)} is not understood`);
    hasName = text !== '';
  }
}

function csvFields(value: string): Field[] {
  if (value === '') throw new DockerfileRefusal('a flag has no value');
  const fields: Field[] = [];
  for (let at = 0; ; at++) {
    const field = value[at] === '"' ? quotedField(value, at) : plainField(value, at);
    fields.push(field);
    at = field.inner.end + (value[at] === '"' ? 1 : 0);
    if (at >= value.length) return fields;
    if (value[at] !== ',') throw new DockerfileRefusal(`${quote(value)}: text behind a quoted field`);
  }
}

function plainField(value: string, start: number): Field {
  const comma = value.indexOf(',', start);
  const end = comma < 0 ? value.length : comma;
  const text = value.slice(start, end);
  if (text.includes('"')) throw new DockerfileRefusal(`${quote(value)}: a quote inside a field`);
  return { text, inner: { start, end } };
}

function quotedField(value: string, start: number): Field {
  const inner = { start: start + 1, end: start + 1 };
  for (let from = inner.start; ; ) {
    const end = value.indexOf('"', from);
    if (end < 0) throw new DockerfileRefusal(`${quote(value)}: a quote is not closed`);
    if (value[end + 1] !== '"') {
      inner.end = end;
      break;
    }
    from = end + 2;
  }
  return { text: value.slice(inner.start, inner.end).replaceAll('""', '"'), inner };
}
