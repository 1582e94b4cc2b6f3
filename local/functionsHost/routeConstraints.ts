/** Whether a route value is one the constraint allows. */
export type Constraint = (value: string) => boolean;

const plain: Record<string, Constraint> = {
  int: (value) => isWhole(value, -(2n ** 31n), 2n ** 31n - 1n),
  long: (value) => isWhole(value, -(2n ** 63n), 2n ** 63n - 1n),
  bool: (value) => /^(true|false)$/i.test(value),
  guid: (value) => /^\{?[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}\}?$/i.test(value),
  alpha: (value) => /^[a-z]*$/i.test(value),
  decimal: isNumber,
  double: isNumber,
  float: isNumber,
  datetime: (value) => !Number.isNaN(Date.parse(value)),
  required: (value) => value !== '',
};

const withArguments: Record<string, (...bounds: number[]) => Constraint> = {
  minlength: (least) => (value) => value.length >= least!,
  maxlength: (most) => (value) => value.length <= most!,
  length: (least, most) => (value) => value.length >= least! && value.length <= (most ?? least!),
  min: (least) => (value) => plain.long!(value) && Number(value) >= least!,
  max: (most) => (value) => plain.long!(value) && Number(value) <= most!,
  range: (least, most) => (value) => plain.long!(value) && Number(value) >= least! && Number(value) <= most!,
};

/** The route constraint written so: `int`, `min(1)`, `regex(^a+$)`. Throws on one that ASP.NET does not know either. */
export function findConstraint(text: string): Constraint {
  const [, name = '', argument] = /^(\w+)(?:\((.*)\))?$/s.exec(text) ?? [];
  const key = name.toLowerCase();
  if (key === 'regex' && argument !== undefined) {
    // Braces are doubled in a template, since single ones hold parameters.
    const expression = new RegExp(argument.replaceAll('{{', '{').replaceAll('}}', '}'), 'i');
    return (value) => expression.test(value);
  }
  const constraint =
    argument === undefined ? plain[key] : withArguments[key]?.(...argument.split(',').map(Number));
  if (!constraint) throw new Error(`The route constraint '${text}' is not one of ASP.NET Core's`);
  return constraint;
}

function isWhole(value: string, low: bigint, high: bigint): boolean {
  return /^[+-]?\d+$/.test(value) && BigInt(value) >= low && BigInt(value) <= high;
}

function isNumber(value: string): boolean {
  return value.trim() !== '' && Number.isFinite(Number(value));
}
