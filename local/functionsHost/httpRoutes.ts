import { type Constraint, findConstraint } from './routeConstraints.ts';

/** A route template made ready: ASP.NET Core's, as far as functions use it. */
export interface Route {
  template: string;
  /** The route's values, or undefined when the path is not one of it. */
  match(path: string): Record<string, string> | undefined;
}

interface Parameter {
  name: string;
  constraints: Constraint[];
  /** Absent from the path, it is absent from the values, or has its default. */
  optional: boolean;
  fallback?: string;
}

type Segment =
  | { kind: 'literal'; text: string }
  | { kind: 'parameter'; parameter: Parameter }
  | { kind: 'rest'; parameter: Parameter }
  | { kind: 'mixed'; pattern: RegExp; parameters: Parameter[] };

/**
 * Reads a template such as `runs/{id}`, `runs/{id?}`, `files/{*path}`, `{n:int:min(1)}`, `v{major}.{minor}`, `{x=5}`.
 * @throws naming what in it cannot be read: an unknown constraint, an optional segment before a required one
 */
export function compileRoute(template: string): Route {
  const segments = splitOutsideBraces(template.replace(/^\/+|\/+$/g, ''), '/')
    .filter((segment) => segment !== '')
    .map(parseSegment);
  segments.forEach((segment, index) => {
    const isLast = index === segments.length - 1;
    if (segment.kind === 'rest' && !isLast) throw new Error(`Route '${template}': {*rest} must come last`);
    const next = segments[index + 1];
    const isOptional = segment.kind === 'parameter' && segment.parameter.optional;
    if (
      isOptional &&
      next &&
      !(next.kind === 'rest' || (next.kind === 'parameter' && next.parameter.optional))
    )
      throw new Error(`Route '${template}': what follows an optional segment must be optional too`);
  });
  return { template, match: (path) => matchPath(segments, path) };
}

function matchPath(segments: Segment[], path: string): Record<string, string> | undefined {
  const parts = path.replace(/^\//, '').replace(/\/$/, '').split('/').map(decode);
  if (parts.length === 1 && parts[0] === '') parts.pop();
  const values: Record<string, string> = {};
  const take = (parameter: Parameter, value: string | undefined): boolean => {
    const given = value ?? parameter.fallback;
    if (given === undefined) return parameter.optional;
    values[parameter.name] = given;
    return parameter.constraints.every((constraint) => constraint(given));
  };
  for (const [index, segment] of segments.entries()) {
    const part = parts[index];
    if (segment.kind === 'rest')
      return take(segment.parameter, parts.slice(index).join('/') || undefined) ? values : undefined;
    if (segment.kind === 'parameter') {
      if (part === '' || !take(segment.parameter, part)) return undefined;
    } else if (segment.kind === 'literal') {
      if (part?.toLowerCase() !== segment.text.toLowerCase()) return undefined;
    } else {
      const found = segment.pattern.exec(part ?? '');
      if (!found || !segment.parameters.every((parameter, i) => take(parameter, found[i + 1])))
        return undefined;
    }
  }
  return parts.length <= segments.length ? values : undefined;
}

/** As the web server in front decodes it: everything but %2F; a broken escape stays as it came. */
function decode(segment: string): string {
  try {
    return decodeURIComponent(segment.replace(/%2f/gi, (slash) => `%25${slash.slice(1)}`));
  } catch {
    return segment;
  }
}

function parseSegment(text: string): Segment {
  const whole = /^\{(\*{0,2})(.*)\}$/s.exec(text);
  if (whole && splitOutsideBraces(text, '}').length === 2) {
    const isRest = whole[1] !== '';
    const parameter = parseParameter(whole[2]!);
    return isRest
      ? { kind: 'rest', parameter: { ...parameter, optional: true } }
      : { kind: 'parameter', parameter };
  }
  if (!text.includes('{')) return { kind: 'literal', text };
  const parameters: Parameter[] = [];
  const pattern = text
    .split(/(\{[^{}]*\})/)
    .map((piece) => {
      if (!piece.startsWith('{')) return piece.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
      parameters.push(parseParameter(piece.slice(1, -1)));
      return '(.+)';
    })
    .join('');
  return { kind: 'mixed', pattern: new RegExp(`^${pattern}$`, 'i'), parameters };
}

function parseParameter(text: string): Parameter {
  const [, name, constraints = '', fallback, question] =
    /^(\w+)((?::[^=?(]+(?:\(.*\))?)*)(?:=([^?]*))?(\?)?$/s.exec(text) ?? [];
  if (!name) throw new Error(`The route parameter {${text}} cannot be read`);
  return {
    name,
    constraints: (constraints.match(/:[^:(]+(?:\(.*?\)(?=:|$))?/gs) ?? []).map((one) =>
      findConstraint(one.slice(1)),
    ),
    optional: question !== undefined || fallback !== undefined,
    ...(fallback === undefined ? {} : { fallback }),
  };
}

/** Splits at a separator that is not within braces; a closing brace is within unless it is the last one open. */
function splitOutsideBraces(text: string, separator: string): string[] {
  const parts = [''];
  let depth = 0;
  for (const character of text) {
    if (character === '{') depth += 1;
    if (character === '}') depth -= 1;
    if (character === separator && depth === 0) parts.push('');
    else parts[parts.length - 1] += character;
  }
  if (depth !== 0) throw new Error(`Route '${text}': braces do not pair`);
  return parts;
}
