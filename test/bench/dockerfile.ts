/**
 * How long it takes to find the base images: of an ordinary Dockerfile, and of a mebibyte of what was made to be slow.
 *
 *   node --import tsx test/bench/dockerfile.ts
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { DockerfileError, findBaseImages, pinBaseImages } from '../../shared/dockerfile/baseImages.ts';

const mebibyte = 2 ** 20;
const fill = (unit: string, size: number) => unit.repeat(Math.ceil(size / unit.length));
const from = 'FROM alpine\n';

/** Inputs of about `size` characters, each against one way of being slow. */
export const hostile: [title: string, make: (size: number) => string][] = [
  ['one line', (size) => fill('a', size)],
  ['empty lines', (size) => fill('\n', size)],
  ['spaces', (size) => fill(' ', size)],
  ['NULs', (size) => fill('\0', size)],
  ['comments', (size) => fill('#\n', size)],
  ['lone surrogates', (size) => fill('\ud800\n', size)],
  ['continuations of nothing', (size) => fill('\\\n', size)],
  ['a long instruction', (size) => `${from}RUN x ${fill('\\\n  y', size)}`],
  ['stages', (size) => fill('FROM a\n', size)],
  ['stages one on another', (size) => fill('FROM a AS b\nFROM b\n', size)],
  [
    'stages that copy from the one before',
    (size) => numbered(size, (n) => `FROM a\n${n ? `COPY --from=${n - 1} / /\n` : ''}`),
  ],
  ['open braces', (size) => `FROM ${fill('${a:-\\\n', size)}`],
  ['open braces in quotes', (size) => `FROM ${fill('"${a:-\\\n', size)}`],
  ['nested braces', (size) => `FROM ${fill('${a:-\\\n', size / 2)}x${fill('}', size / 12)}\n`],
  ['arguments that triple', (size) => `ARG A=x\n${fill('ARG A=$A$A$A\n', size)}${from}`],
  [
    'arguments that copy a long one',
    (size) => `ARG A=${'x'.repeat(60_000)}\n${fill('ARG B=$A\n', size)}${from}`,
  ],
  ['stars', () => `ARG A=${'a'.repeat(60_000)}\nARG B=\${A##${'*a'.repeat(30_000)}b}\n${from}`],
  ['a replacement everywhere', () => `ARG A=${'a'.repeat(60_000)}\nARG B=\${A//a*b/c}\n${from}`],
  ['heredocs', (size) => from + fill('RUN <<A\nA\n', size)],
  [
    'heredocs of one instruction',
    (size) => `${from}RUN ${fill('<<A \\\n', size / 2)}\n${fill('A\n', size / 2)}`,
  ],
  ['arrows and spaces', (size) => `${from}RUN <<${fill(' \\\n', size)} < x\n`],
  ['an open heredoc', (size) => `${from}RUN <<A\n${fill('B\n', size)}`],
  ['braces of a heredoc', (size) => `${from}RUN <<${fill('${a:-\\\n', size / 8)}\n`],
  ['JSON forms', (size) => from + fill('RUN ["a","b"]\n', size)],
  ['what looks like the JSON form', (size) => from + fill('RUN ["a]\n', size)],
  ['deep JSON', (size) => `${from}RUN ${fill('[\\\n', size)}`],
  ['mounts', (size) => `${from}RUN ${fill('--mount=from=b:1,target=/x \\\n', size)} x\n`],
  ['flags', (size) => `${from}RUN ${fill('--a=b \\\n', size)}`],
  ['copies', (size) => from + fill('COPY --from=b / /\n', size)],
  [
    'triggers',
    (size) => `FROM a AS a\n${fill('ONBUILD COPY --from=b / /\n', size / 2)}${fill('FROM a\n', size / 2)}`,
  ],
  [
    'triggers one on another',
    (size) => numbered(size, (n) => `FROM ${n ? `s${n - 1}` : 'a'} AS s${n}\nONBUILD COPY --from=x / /\n`),
  ],
  ['a chain of ONBUILD', (size) => `${from}ONBUILD ${fill('ONBUILD \\\n', size)}`],
  ['environment', (size) => `${from}ENV ${fill('A="b c" \\\n', size)}\n`],
  ['quotes', (size) => `${from}RUN ${fill('"\\\n', size)}`],
  ['bytes that Go takes for spaces', (size) => `${from}RUN ${fill('--é=à\\\n', size)}`],
  ['a long name', (size) => `FROM ${fill('a.a-\\\n', size)}`],
  ['a long variable', (size) => `FROM $${fill('a\\\n', size)}`],
  ['directives', (size) => fill('# syntax=a\n', size)],
  ['a directive of spaces', (size) => `# syntax=${' '.repeat(60_000)}\n${fill('# x\n', size)}${from}`],
];

function numbered(size: number, line: (index: number) => string): string {
  const lines: string[] = [];
  for (let made = 0; made < size; made += lines.at(-1)!.length) lines.push(line(lines.length));
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
    const dockerfile = make(mebibyte);
    rows.push([`1 MiB: ${title}`, milliseconds(5, () => ignoreRefusal(() => findBaseImages(dockerfile)))]);
  }
  for (const [title, spent] of rows) console.log(`${spent.toFixed(3).padStart(10)} ms  ${title}`);
}

if (process.argv[1] === import.meta.filename) await run();
