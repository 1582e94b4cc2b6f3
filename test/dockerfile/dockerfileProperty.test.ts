import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'uvu';
import {
  DockerfileError,
  findBaseImages,
  frontendWarning,
  pinBaseImages,
} from '../../shared/dockerfile/baseImages.ts';
import { hostile } from '../bench/dockerfile.ts';
import { byTier } from '../tier.ts';

const histories = byTier({ fast: 200, normal: 400, long: 10_000 });
const seed = Number(process.env.SEED ?? Math.trunc(Math.random() * 2 ** 31));
console.log(`seed ${seed} (SEED=${seed} runs the same again)`);

// A grammar that is mostly right: names are few, so that stages, images and arguments meet under one name.
const name = fc.constantFrom('a', 'b', 'B', 'c', 'scratch', '0', '1', '3', '+2', 'node', 'r.io/x');
const tag = fc.constantFrom('', '', ':1', ':latest', `@sha256:${'c'.repeat(64)}`);
const image = fc.tuple(name, tag).map(([path, suffix]) => path + suffix);
const stage = fc.constantFrom('a', 'b', 'C', 'scratch', 'node');
const variable = fc.constantFrom('V', 'W', 'TARGETARCH');
const value = fc.oneof(
  image,
  variable.map((of) => `$${of}`),
);
const expression = fc.oneof(
  { weight: 4, arbitrary: image },
  variable.map((of) => `$${of}`),
  fc.tuple(variable, image).map(([of, other]) => `\${${of}:-${other}}`),
  fc.tuple(variable, image).map(([of, other]) => `\${${of}:+${other}}`),
  image.map((of) => `"${of}"`),
  fc.tuple(image, fc.nat(9)).map(([of, at]) => `${of.slice(0, at)}\\\n${of.slice(at)}`),
);
const quoted = fc
  .tuple(image, fc.constantFrom('', '"', "'", '\\'))
  .map(([of, by]) => (by === '\\' ? `\\${of}` : by + of + by));
const mount = fc.oneof(
  quoted.map((of) => `--mount=from=${of},target=/x`),
  image.map((of) => `--mount='type=bind,"from=${of}"'`),
  image.map((of) => `--mount=from=${of},from=${of},target="/x y"`),
  fc.constant('--mount=type=cache,target=/x'),
);
const usage = fc.oneof(
  quoted.map((of) => `COPY --from=${of} / /`),
  quoted.map((of) => `COPY --link --from=\\\n${of} / /`),
  mount.map((of) => `RUN ${of} true`),
  fc.tuple(mount, mount).map(([one, other]) => `RUN ${one} \\\n# FROM x\n  ${other} true`),
  fc.constantFrom('RUN true', 'RUN <<E\nFROM x\nE', 'ARG V', 'ENV V=1', 'COPY x y', 'CMD ["x"]'),
);
const instruction = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .tuple(expression, fc.option(stage))
      .map(([of, as]) => `FROM ${of}${as === null ? '' : ` AS ${as}`}`),
  },
  { weight: 5, arbitrary: usage },
  { weight: 1, arbitrary: usage.map((of) => `ONBUILD ${of}`) },
  { weight: 1, arbitrary: fc.constantFrom('', '# FROM x', '  # é') },
);
const dockerfile = fc
  .tuple(
    fc.constantFrom('', '\uFEFF', '# syntax=x\n', '# escape=\\\n'),
    fc.array(
      fc.tuple(variable, value).map(([of, is]) => `ARG ${of}=${is}`),
      { maxLength: 2 },
    ),
    expression.map((of) => `FROM ${of} AS a`),
    fc.array(instruction, { maxLength: 8 }),
    fc.constantFrom('\n', '\r\n'),
  )
  .map(
    ([top, args, first, rest, ending]) => top + [...args, first, ...rest].join('\n').replaceAll('\n', ending),
  );

const options = fc.record(
  {
    target: stage,
    buildArgs: fc.dictionary(variable, image),
    platform: fc.constantFrom('linux/arm64', 'linux/arm'),
  },
  { requiredKeys: [] },
);

function found(text: string, given: Parameters<typeof findBaseImages>[1]) {
  try {
    return findBaseImages(text, given);
  } catch (error) {
    assert.ok(error instanceof DockerfileError, String(error));
    assert.ok(Number.isInteger(error.line) && error.line >= 1 && error.line <= text.split('\n').length);
    return undefined;
  }
}

test('what is pinned is found again, and nothing else has changed', () => {
  let pinnedFiles = 0;
  const property = fc.property(dockerfile, options, (text, given) => {
    const before = found(text, given);
    if (before === undefined) return;
    pinnedFiles++;
    const digest = (image: string) =>
      `sha256:${Buffer.from(image).toString('hex').padEnd(64, '0').slice(0, 64)}`;
    const pins = Object.fromEntries(before.all.map((image) => [image, digest(image)]));
    const name = (image: string) => `${image.replace(/@.*$/, '').replace(/:[^/]*$/, '')}@${pins[image]}`;
    const pinned = pinBaseImages(text, { ...given, pins });
    const after = findBaseImages(pinned, given);
    assert.deepEqual(after.runtime, before.runtime.map(name));
    assert.deepEqual(after.all, [...new Set(before.all.map(name))]);
    assert.equal(pinBaseImages(pinned, { ...given, pins: {} }), pinned);
    assert.deepEqual(pinned.match(/\r?\n|#.*/g), text.match(/\r?\n|#.*/g));
    assert.deepEqual(
      pinned.split(/\r?\n/).filter((line) => /^(?:ARG|ENV|E|CMD|FROM x)/.test(line)),
      text.split(/\r?\n/).filter((line) => /^(?:ARG|ENV|E|CMD|FROM x)/.test(line)),
    );
  });
  fc.assert(property, { seed, numRuns: histories });
  assert.ok(pinnedFiles > histories / 20, `only ${pinnedFiles} of the files could be built`);
});

const token = fc.constantFrom(
  ...[
    'FROM',
    'ARG',
    'RUN',
    'COPY',
    'ONBUILD',
    'ENV',
    'HEALTHCHECK',
    'AS',
    '--from=',
    '--mount=',
    '--platform=',
  ],
  ...[
    '\n',
    '\r\n',
    '\r',
    '\\\n',
    '`',
    '\\',
    ' ',
    '\t',
    '\v',
    '\u00a0',
    '\u0085',
    '\uFEFF',
    '\0',
    '#',
    '# escape=`\n',
  ],
  ...[
    '"',
    "'",
    '$',
    '${',
    '}',
    ':-',
    '#*',
    '//',
    '<<',
    '<<-',
    'EOF',
    '=',
    ',',
    '[',
    ']',
    '{',
    '@',
    ':',
    '/',
    '-',
  ],
  ...['a', 'B', '0', 'é', 'à', '😀', '\ud800', '\udc00', 'ſ', 'İ', 'K'],
);

// As `unit: 'binary'`, of which fast-check makes a map of all 1.1 million code points before it draws one.
const codePoint = fc.nat(0x10_f7ff).map((at) => String.fromCodePoint(at < 0xd800 ? at : at + 0x800));
/** Of any characters; the ASCII ones are those that draw words such as `__proto__`. */
const anyString = (maxLength: number) =>
  fc.oneof(
    fc.array(codePoint, { maxLength }).map((points) => points.join('')),
    fc.string({ unit: 'binary-ascii', maxLength }),
  );

test('whatever the text is, there is an answer or a DockerfileError', () => {
  const text = fc.oneof(
    fc.array(token, { maxLength: 60 }).map((tokens) => tokens.join('')),
    fc.array(token, { maxLength: 40 }).map((tokens) => `FROM a\n${tokens.join('')}`),
    anyString(200),
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('utf8')),
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
  );
  const property = fc.property(text, options, (given, other) => {
    found(given, other);
    frontendWarning(given);
  });
  fc.assert(property, { seed, numRuns: byTier({ fast: 100, normal: 1_000, long: 25_000 }) });
});

test('whatever the options are, there is an answer or a DockerfileError', () => {
  const any = anyString(20);
  const anyOptions = fc.record({
    target: any,
    platform: any,
    buildPlatform: any,
    buildArgs: fc.dictionary(any, any),
  });
  fc.assert(
    fc.property(anyOptions, any, (given, word) => {
      found(`ARG V=$TARGETPLATFORM\nFROM a:$V AS ${word}\n`, given);
      found('ARG __proto__\nFROM $__proto__\n', given);
    }),
    { seed, numRuns: byTier({ fast: 60, normal: 500, long: 5_000 }) },
  );
});

const size = byTier({ fast: 2 ** 17, normal: 2 ** 20, long: 2 ** 20 });
for (const [title, make] of hostile) {
  test(`${size / 1024} KiB of ${title}: an answer or a DockerfileError`, () => {
    found(make(size), {});
  });
}

test.run();
