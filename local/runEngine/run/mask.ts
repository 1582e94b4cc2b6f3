/** Takes secrets out of text. */
export interface Mask {
  (text: string): string;
  /** Length of the longest secret: so much of a text's end may be the beginning of one. */
  longest: number;
}

/**
 * Every occurrence of a secret becomes `***`; of a secret of several lines, each line.
 * @param secrets their values; empty ones are ignored
 */
export function maskOf(secrets: Iterable<string>): Mask {
  const parts = new Set([...secrets].flatMap((secret) => [secret, ...secret.split(/\r?\n/)]));
  const wanted = [...parts].filter((part) => part.trim() !== '').sort((a, b) => b.length - a.length);
  const pattern = new RegExp(wanted.map((part) => quoted(part)).join('|'), 'g');
  const mask = (text: string) => (wanted.length === 0 ? text : text.replace(pattern, '***'));
  return Object.assign(mask, { longest: wanted[0]?.length ?? 0 });
}

const quoted = (text: string) => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
