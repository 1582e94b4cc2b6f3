/**
 * How long it takes to find the base images: of an ordinary Dockerfile, and of a mebibyte of what was made to be slow.
 *
 *   node --import tsx test/bench/dockerfile.ts
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DockerfileError, findBaseImages, pinBaseImages } from '../../shared/dockerfile/baseImages.ts';

const mebibyte = 2 ** 20;
const fill = (unit: string, size = mebibyte) => unit.repeat(Math.ceil(size / unit.length));
const from = 'FROM alpine\n';

/** Inputs of about a mebibyte, each against one way of being slow. */
export const hostile: [title: string, make: () => string][] = [
  ['one line', () => fill('a')],
  ['empty lines', () => fill('\n')],
  ['spaces', () => fill(' ')],
  ['NULs', () => fill('\0')],
  ['comments', () => fill('#\n')],
  ['lone surrogates', () => fill('\ud800\n')],
  ['continuations of nothing', () => fill('\\\n')],
  ['a long instruction', () => `${from}RUN x ${fill('\\\n  y')}`],
  ['stages', () => fill('FROM a\n')],
  ['stages one on another', () => fill('FROM a AS b\nFROM b\n')],
  [
    'stages that copy from the one before',
    () => numbered((n) => `FROM a\n${n ? `COPY --from=${n - 1} / /\n` : ''}`),
  ],
  ['open braces', () => `FROM ${fill('${a:-\\\n')}`],
  ['open braces in quotes', () => `FROM ${fill('"${a:-\\\n')}`],
  ['nested braces', () => `FROM ${fill('${a:-\\\n', mebibyte / 2)}x${fill('}', mebibyte / 12)}\n`],
  ['arguments that triple', () => `ARG A=x\n${fill('ARG A=$A$A$A\n')}${from}`],
  ['arguments that copy a long one', () => `ARG A=${'x'.repeat(60_000)}\n${fill('ARG B=$A\n')}${from}`],
  ['stars', () => `ARG A=${'a'.repeat(60_000)}\nARG B=\${A##${'*a'.repeat(30_000)}b}\n${from}`],
  ['a replacement everywhere', () => `ARG A=${'a'.repeat(60_000)}\nARG B=\${A//a*b/c}\n${from}`],
  ['heredocs', () => from + fill('RUN <<A\nA\n')],
  [
    'heredocs of one instruction',
    () => `${from}RUN ${fill('<<A \\\n', mebibyte / 2)}\n${fill('A\n', mebibyte / 2)}`,
  ],
  ['arrows and spaces', () => `${from}RUN <<${fill(' \\\n')} < x\n`],
  ['an open heredoc', () => `${from}RUN <<A\n${fill('B\n')}`],
  ['braces of a heredoc', () => `${from}RUN <<${fill('${a:-\\\n', mebibyte / 8)}\n`],
  ['JSON forms', () => from + fill('RUN ["a","b"]\n')],
  ['what looks like the JSON form', () => from + fill('RUN ["a]\n')],
  ['deep JSON', () => `${from}RUN ${fill('[\\\n')}`],
  ['mounts', () => `${from}RUN ${fill('--mount=from=b:1,target=/x \\\n')} x\n`],
  ['flags', () => `${from}RUN ${fill('--a=b \\\n')}`],
  ['copies', () => from + fill('COPY --from=b / /\n')],
  [
    'triggers',
    () =>
      `FROM a AS a\n${fill('ONBUILD COPY --from=b / /\n', mebibyte / 2)}${fill('FROM a\n', mebibyte / 2)}`,
  ],
  [
    'triggers one on another',
    () => numbered((n) => `FROM ${n ? `s${n - 1}` : 'a'} AS s${n}\nONBUILD COPY --from=x / /\n`),
  ],
  ['a chain of ONBUILD', () => `${from}ONBUILD ${fill('ONBUILD \\\n')}`],
  ['environment', () => `${from}ENV ${fill('A="b c" \\\n')}\n`],
  ['quotes', () => `${from}RUN ${fill('"\\\n')}`],
  ['bytes that Go takes for spaces', () => `${from}RUN ${fill('--é=à\\\n')}`],
  ['a long name', () => `FROM ${fill('a.a-\\\n')}`],
  ['a long variable', () => `FROM $${fill('a\\\n')}`],
  ['directives', () => fill('# syntax=a\n')],
  ['a directive of spaces', () => `# syntax=${' '.repeat(60_000)}\n${fill('# x\n')}${from}`],
];

function numbered(line: (index: number) => string): string {
  const lines: string[] = [];
  for (let size = 0; size < mebibyte; size += lines.at(-1)!.length) lines.push(line(lines.length));
  return lines.join('');
}

const ordinary = `# syntax=docker/dockerfile:1
ARG NODE_VERSION=20
ARG DISTRO=bookworm-slim
FROM --platform=$BUILDPLATFORM node:\${NODE_VERSION}-\${DISTRO} AS base
WORKDIR /app
ENV NODE_ENV=production \\
    PATH=/app/node_modules/.bin:$PATH
RUN --mount=type=cache,target=/var/cache/apt,sharing=locked \\
    --mount=type=cache,target=/var/lib/apt,sharing=locked \\
    apt-get update && apt-get install -y --no-install-recommends \\
      ca-certificates \\
      # needed by node-gyp
      python3 make g++ \\
    && rm -rf /var/lib/apt/lists/*

FROM base AS deps
COPY package.json package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci

FROM deps AS build
COPY . .
RUN <<EOF
set -e
npm run build
npm prune --omit=dev
EOF

FROM gcr.io/distroless/nodejs\${NODE_VERSION}-debian12:nonroot AS runtime
LABEL org.opencontainers.image.source="https://example.com/app"
COPY --from=ghcr.io/org/tini:v0.19 /tini /tini
COPY --from=build --chown=1000:1000 /app/dist /app/dist
COPY --from=build /app/node_modules /app/node_modules
USER 1000
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=3s CMD ["/nodejs/bin/node", "dist/health.js"]
ENTRYPOINT ["/tini", "--"]
CMD ["/nodejs/bin/node", "dist/server.js"]
`;

function median(values: number[]): number {
  return values.sort((one, other) => one - other)[values.length >> 1]!;
}

function milliseconds(times: number, action: () => void): number {
  const spent: number[] = [];
  for (let run = 0; run < times; run++) {
    const started = performance.now();
    action();
    spent.push(performance.now() - started);
  }
  return median(spent);
}

function ignoreRefusal(action: () => void): void {
  try {
    action();
  } catch (error) {
    if (!(error instanceof DockerfileError)) throw error;
  }
}

export default async function run(): Promise<void> {
  const file = join(import.meta.dirname, '../fixtures/dockerfiles/cases.json');
  const cases = JSON.parse(readFileSync(file, 'utf8')) as { dockerfile: string }[];
  const { all } = findBaseImages(ordinary);
  const pins = Object.fromEntries(all.map((image) => [image, `sha256:${'0'.repeat(64)}`]));
  const rows: [string, number][] = [
    ['an ordinary Dockerfile, found', milliseconds(500, () => void findBaseImages(ordinary))],
    ['an ordinary Dockerfile, pinned', milliseconds(500, () => void pinBaseImages(ordinary, { pins }))],
    [
      `${cases.length} cases, each`,
      median(
        cases.map(({ dockerfile }) =>
          milliseconds(20, () => ignoreRefusal(() => findBaseImages(dockerfile))),
        ),
      ),
    ],
  ];
  for (const [title, make] of hostile) {
    const dockerfile = make();
    rows.push([`1 MiB: ${title}`, milliseconds(5, () => ignoreRefusal(() => findBaseImages(dockerfile)))]);
  }
  for (const [title, spent] of rows) console.log(`${spent.toFixed(3).padStart(10)} ms  ${title}`);
}

if (process.argv[1] === import.meta.filename) await run();
