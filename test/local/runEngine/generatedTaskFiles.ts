import fc, { type Arbitrary } from 'fast-check';

const pick = (...texts: string[]): Arbitrary<string> => fc.constantFrom(...texts);
/** Mostly one that is right. */
const mostly = (right: Arbitrary<string>, other: Arbitrary<string>) =>
  fc.oneof({ arbitrary: right, weight: 12 }, { arbitrary: other, weight: 1 });

const versions = pick(
  '',
  'version: v1.0.0\n',
  'version: v1.1.0\n',
  'version: v1.1.0\n',
  '# comment {{\n\nversion: v1.1.0\n',
  'version : v1.1.0\n',
  'version: v1.1.0\r\n',
  'version: "v1.1.0"\n',
  'version: v1.1.0\nversion: v1.1.0\n',
  'version: v1.1.0 # as az writes it\n',
  'version: 1.0-preview-1\n',
  'version: V1.0.0\n',
);
const oddVersions = pick('version: v2\n', 'version: 1.1\n', ' version: v1.1.0\n', 'version: [v1.1.0]\n');

const aliases = pick(
  '',
  '',
  'alias:\n  values:\n    app: $Registry/app\n    ver: 1.10\n    say: "{{.Values.word}}"\n',
  'alias:\n  directive: "%"\n  values: {app: reg/app, bash: "me/bash:2"}\n',
  'alias: {"values":{"on":yes,"empty":~},"directive":"$"}\n',
  'alias:\n\n  # words\n  values:\n    app: |\n      folded\n',
  'alias: ~\n',
);
const oddAliases = pick(
  'alias:\n  directive: ab\n',
  'alias:\n  directive: a\n',
  'alias:\n  values: {a-b: c}\n',
  'alias:\n  values: [a]\n',
  'alias:\n  values: {a: [b]}\n',
  'alias: text\n',
  'alias:\n  src: [https://example.org/a.yaml]\n',
);

const numbers = pick(
  '0',
  '1',
  '900',
  '-1',
  '1_000',
  '0x10',
  '010',
  '1.5',
  '~',
  '+7',
  '1e3',
  '{{.Values.port}}',
);
const oddNumbers = pick('soon', '"9"', 'true', '[1]', '.inf', '', '{{.Values.word}}', '1e30', '09x');
const flags = pick('true', 'false', 'yes', 'No', 'on', 'OFF', 'y', 'n', '~', '{{.Values.flag}}');
const oddFlags = pick('"true"', '1', 'maybe', '[true]', 'tRUE');
const texts = pick(
  'plain',
  '"quoted $ID"',
  "'single {{.Run.Branch}}'",
  '1.10',
  'yes',
  '~',
  'sub/folder',
  '{{.Values.deep.er}}',
  '"{{.Values.nosuch}}"',
);
const oddTexts = pick('[a]', '{a: b}', '{{.Values.nosuch}}', '"');

const environment = pick(
  '[A=1, B=two]',
  '["A=x,y", "C={{.Values.token | quote}}"]',
  '["TOKEN={{.Values.token}}"]',
  '[A=, "D=a=b"]',
  '[]',
  '~',
);
const oddEnvironment = pick('[NAME]', 'A=1', '[A: 1]', '[=x]', '[~]', '{A: 1}');
const when = pick('["-"]', '[one]', '[two]', '[one, two]', '[acb_step_0]', '[one, one]', '~', '[]');
const oddWhen = pick('one', '["-", one]', '[nosuch]', '[~]', '["-", "-"]', '[acb_root]');
const lists = pick('[a, b]', '[]', '~', '["80:80"]');
const images = pick(
  '["$Registry/app:$ID"]',
  '[app, "app:latest", app]',
  '["{{.Run.Registry}}/{{.Values.word}}:1"]',
  '\n    - "$Registry/team/app:{{.Run.Date}}"\n    - hub/app',
  '["localhost:5000/x", "y@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"]',
);
const oddImages = pick('app', '[]', '""', '~', '[[a]]', '{a: b}');

const builds = pick(
  '-t $Registry/app:$ID .',
  '-t app:1 -t app:2 -f docker/Dockerfile --build-arg A=1 --build-arg=B="x y" src',
  '"-t app --build-arg TOKEN={{.Values.token | quote}} ."',
  '--tag=app:{{.Values.word}} --target build --platform linux/arm64 --label a=b --no-cache --pull=false https://h/r.git#main',
  '-qt app:1 -m 1g --ulimit nofile=1:2 --add-host a:1 .',
  '-tapp:1 -f=Dockerfile -- .',
  ">\n      -t app:1\n      --build-arg 'A=$$HOME'\n      .",
  '"-t \'a b\' \\"c d\\""',
  '-t x:{{ if eq .Run.Branch \\"main\\" }}stable{{ else }}edge{{ end }} .',
  '-t x:{{- " trimmed " | trim -}} .',
  '--build-arg A',
  '-t x:$(date +%s) .',
  '-t x . ; rm -rf /',
);
const oddBuilds = pick(
  '-t',
  '--nosuch .',
  '. ./other',
  '-x .',
  "-t 'open .",
  '~',
  '""',
  '" "',
  '[.]',
  '-t $(x',
);

const commands = pick(
  'bash echo hello',
  'bash  -c "echo $ID $$ID $nosuch$ID"',
  'curl https://example.org/{{.Values.tricky}}',
  '$Registry/tools:1 sh -c \'echo "{{.Values.word}} <$TOKEN>"\'',
  '-e A=b -it --rm --entrypoint sh -w/src img:1 -c "ls -l"',
  '--network host img --network none',
  '|\n      img run\n      more',
  'img echo {{.Values.port}} {{.Values.large}} {{.Values.ratio}} {{.Values.flag}} {{.Values.octal}} {{.Values.deep}}',
  'img echo {{ .Values.nosuch | b64enc }}{{ b64enc .Values.word }}{{ .Values.word | upper | quote }}',
  'img echo {{ default "x" .Values.none }}{{ not .Values.none }}{{/* none */}}',
  'img echo {{ if .Values.none }}a{{ else if .Values.flag }}b{{ else }}c{{ end }}',
  'img "<no value>" {{"{{"}} {{`}}`}}',
  'img a && img b | cat > x &',
  'img echo {{.Run.SharedVolume}} {{.Build.ID}} {{.Run.Nothing}}',
  '%app:%ver $app:$ver $say $on$empty.$ %%',
);
const oddCommands = pick(
  '-e A',
  '--nosuch img',
  'img {{ nosuch .Run.ID }}',
  'img {{ range .Values.deep }}x{{ end }}',
  'img {{ .Values.nosuch.deeper }}',
  'img {{ .Values.word.deeper }}',
  'img {{ .Run.ID "x" }}',
  'img {{ end }}',
  'img {{ .Run.ID',
  'img {{ (.Run.ID }}',
  'img {{ upper .Values.none }}',
  "img 'open",
  '[img]',
  '~',
);

const field = (name: string, right: Arbitrary<string>, other: Arbitrary<string>) =>
  mostly(right, other).map((value) => `    ${name}: ${value}\n`);

const body = fc.oneof(
  { arbitrary: field('build', builds, oddBuilds), weight: 5 },
  { arbitrary: field('cmd', commands, oddCommands), weight: 5 },
  { arbitrary: field('push', images, oddImages), weight: 4 },
  {
    arbitrary: pick('', '    cmd: a\n    build: .\n', '    cmd: ""\n    push: [a]\n    build:\n'),
    weight: 1,
  },
);

const further = fc.oneof(
  field('timeout', numbers, oddNumbers),
  field('startDelay', numbers, oddNumbers),
  field('retries', numbers, oddNumbers),
  field('retryDelay', numbers, oddNumbers),
  field('repeat', numbers, oddNumbers),
  field('ignoreErrors', flags, oddFlags),
  field('pull', flags, oddFlags),
  field('disableWorkingDirectoryOverride', flags, oddFlags),
  field('keep', flags, oddFlags),
  field('detach', flags, oddFlags),
  field('privileged', flags, oddFlags),
  field('workingDirectory', texts, oddTexts),
  field('entryPoint', texts, oddTexts),
  field('user', texts, oddTexts),
  field('network', texts, oddTexts),
  field('cpus', texts, oddTexts),
  field('cache', pick('enabled', 'Disabled', '~'), pick('maybe', 'true', '[enabled]')),
  field('env', environment, oddEnvironment),
  field('when', when, oddWhen),
  field('ports', lists, pick('80', '{a: b}', '[[a]]')),
  field('expose', lists, pick('80', '{a: b}')),
  field('exitedWith', pick('[0, 1]', '[]', '~'), pick('0', '[a]', '["1"]')),
  field('retryOnErrors', lists, pick('timeout', '{a: b}')),
  field('unknown', texts, oddNumbers),
);

const step = fc
  .tuple(
    mostly(
      pick('', '    id: one\n', '    id: two\n', '    id: ~\n', '    id: ""\n'),
      pick('    id: a b\n', '    id: acb_root\n', '    id: [a]\n'),
    ),
    body,
    fc.array(further, { maxLength: 2 }),
  )
  .map((parts) => parts.flat().join(''))
  // The first property stands behind the dash.
  .map((text) => (text === '' ? '  -\n' : text.replace(/^ {4}/, '  - ')));

const wholeStep = fc.oneof(
  { arbitrary: step, weight: 10 },
  {
    arbitrary: pick(
      '  - {id: flow, cmd: "img a", timeout: 5, "env": [A=1]}\n',
      '  - &again\n    cmd: img again\n    retries: 2\n  - <<: *again\n    id: other\n',
      '  - cmd: img a\n    <<: *note\n    timeout: 9\n',
      '  - <<: [*note, {timeout: 8, user: me}]\n    cmd: img b\n',
      '{{ if .Values.flag }}\n  - cmd: img if\n{{- else }}\n  - cmd: img else\n{{- end }}\n',
      '  {{- /* a comment */}}\n  - cmd: img {{- "" }}\n',
      '  # a comment $ID {{\n  - cmd: |-\n      # no comment\n      img c\n',
      '  - cmd: !!str img\n    timeout: !!int 5\n    user: !!binary bWU=\n',
      '  - ? cmd\n    : img d\n',
      '  - "cmd": img "e\n      f"\n',
    ),
    weight: 3,
  },
  {
    arbitrary: pick(
      '  - ~\n',
      '  - text\n',
      '  - [cmd]\n',
      '  - {}\n',
      '  - cmd: img\n   id: x\n',
      '  - cmd: *nosuch\n',
      '  - cmd: img\n    <<: text\n',
      '  - cmd: img\n\tid: x\n',
      '{{ if .Values.flag }}  - cmd: img\n',
    ),
    weight: 1,
  },
);

const taskProperty = fc.oneof(
  mostly(numbers, oddNumbers).map((value) => `stepTimeout: ${value}\n`),
  mostly(environment, oddEnvironment).map((value) => `env: ${value}\n`),
  mostly(texts, oddTexts).map((value) => `workingDirectory: ${value}\n`),
  pick(
    '  # a comment {{ in between\n',
    'x-note: &note {timeout: 7, env: [N=1], nothing: ~}\n',
    'networks: ~\n',
    'secrets:\n  - id: vault\n    keyvault: https://v/secrets/s\n',
    '"quoted": {{ .Values.port }}\n',
  ),
);

/** Task files as people write them, and as they mistake them. */
export const taskFiles: Arbitrary<string> = fc
  .tuple(
    mostly(versions, oddVersions),
    mostly(aliases, oddAliases),
    fc.array(taskProperty, { maxLength: 2 }),
    fc.array(wholeStep, { minLength: 1, maxLength: 3 }),
    fc.oneof({ arbitrary: fc.constant(''), weight: 8 }, pick('---\nsecond: [\n', '...\n', '\n\n# end')),
    fc.oneof({ arbitrary: fc.constant(false), weight: 8 }, fc.constant(true)),
  )
  .map(([version, alias, properties, steps, end, crlf]) => {
    const text = [version, alias, ...properties, 'steps:\n', ...steps, end].join('');
    return crlf ? text.replaceAll(/\r?\n/g, '\r\n') : text;
  });
