import type { Scalar } from 'yaml';

/** Undefined is nothing. Whole numbers are exact. */
export type ScalarValue = string | bigint | number | boolean | undefined;

const yes = new Set('y Y yes Yes YES true True TRUE on On ON'.split(' '));
const no = new Set('n N no No NO false False FALSE off Off OFF'.split(' '));
const nothing = new Set(['', '~', 'null', 'Null', 'NULL']);
const infinite = /^([-+]?)\.(inf|Inf|INF)$/;
const notANumber = /^\.(nan|NaN|NAN)$/;
const float = /^[-+]?(\.\d+|\d+(\.\d*)?)([eE][-+]?\d+)?$/;

/** A scalar's text, and what gopkg.in/yaml.v2 resolves it to: YAML 1.1, without its dates and base 60. */
export function scalarOf(node: Scalar | undefined): { text: string; value: ScalarValue } {
  const text = String(node?.value ?? '');
  const tag = node?.tag ?? '';
  if (tag.endsWith(':binary')) {
    const decoded = Buffer.from(text, 'base64').toString('utf8');
    return { text: decoded, value: decoded };
  }
  const plain = node?.type === undefined || node.type === 'PLAIN';
  const isText = tag === '!' || tag.endsWith(':str') || (tag === '' && !plain);
  return { text, value: isText ? text : resolved(text) };
}

function resolved(text: string): ScalarValue {
  if (yes.has(text)) return true;
  if (no.has(text)) return false;
  if (nothing.has(text)) return undefined;
  if (notANumber.test(text)) return Number.NaN;
  const sign = infinite.exec(text)?.[1];
  if (sign !== undefined) return sign === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  if (!/^[-+.\d]/.test(text)) return text;
  const digits = text.replaceAll('_', '');
  const whole = wholeOf(digits);
  if (whole !== undefined) return whole;
  return float.test(digits) ? Number(digits) : text;
}

/** As Go's ParseInt with base 0: a prefix names the base, a leading 0 is octal; at most 64 bits. */
function wholeOf(digits: string): bigint | undefined {
  const [, sign, body = ''] =
    /^([-+]?)(0[xX][\da-fA-F]+|0[bB][01]+|0[oO]?[0-7]*|[1-9]\d*)$/.exec(digits) ?? [];
  if (body === '' || /[oO]$/.test(body)) return undefined;
  const octal = /^0[oO]?([0-7]+)$/.exec(body)?.[1];
  const size = BigInt(octal === undefined ? body.toLowerCase() : `0o${octal}`);
  if (sign === '-') return size <= 2n ** 63n ? -size : undefined;
  return size < 2n ** 64n ? size : undefined;
}
