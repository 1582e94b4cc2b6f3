/** A route template made ready: of ASP.NET Core's, words, parameters and a rest, which is what the app uses. */
export interface Route {
  template: string;
  /** The route's values, decoded, or undefined when the path is not one of it. */
  match(path: string): Record<string, string> | undefined;
}

interface Segment {
  kind: 'word' | 'parameter' | 'rest';
  /** The word, or the name of the value. */
  text: string;
}

/**
 * Reads a template such as `runs/{id}` or `files/{*path}`.
 * @throws naming the segment that is none of a word, `{name}`, and `{*name}` at the end
 */
export function compileRoute(template: string): Route {
  const segments = template
    .split('/')
    .filter((text) => text !== '')
    .map((text, index, all) => parseSegment(template, text, index === all.length - 1));
  return { template, match: (path) => matchPath(segments, path) };
}

function parseSegment(template: string, text: string, isLast: boolean): Segment {
  if (/^[^{}]+$/.test(text)) return { kind: 'word', text };
  const [, star, name] = /^\{(\*?)(\w+)\}$/.exec(text) ?? [];
  if (name === undefined || (star && !isLast))
    throw new Error(
      `Route '${template}': the local host serves words, {name}, and {*name} at the end, not '${text}'`,
    );
  return { kind: star ? 'rest' : 'parameter', text: name };
}

function matchPath(segments: Segment[], path: string): Record<string, string> | undefined {
  const parts = path.replace(/^\//, '').replace(/\/$/, '').split('/').map(decode);
  if (parts.length === 1 && parts[0] === '') parts.pop();
  const values: Record<string, string> = {};
  for (const [index, { kind, text }] of segments.entries()) {
    const part = parts[index];
    if (kind === 'rest') {
      // Where nothing is left the route matches, and the value is absent.
      const rest = parts.slice(index).join('/');
      return rest === '' ? values : { ...values, [text]: rest };
    }
    if (kind === 'word' ? part?.toLowerCase() !== text.toLowerCase() : !part) return undefined;
    if (kind === 'parameter') values[text] = part!;
  }
  return parts.length === segments.length ? values : undefined;
}

/** As the web server in front decodes it: everything but %2F; a broken escape stays as it came. */
function decode(segment: string): string {
  try {
    return decodeURIComponent(segment.replace(/%2f/gi, (slash) => `%25${slash.slice(1)}`));
  } catch {
    return segment;
  }
}
