import fc from 'fast-check';

const some = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const cased = (...words: string[]) =>
  fc
    .tuple(fc.constantFrom(...words), fc.constantFrom('as it is', 'lower', 'upper'))
    .map(([word, how]) =>
      how === 'lower' ? word.toLowerCase() : how === 'upper' ? word.toUpperCase() : word,
    );
const text = fc.string({
  minLength: 1,
  maxLength: 12,
  unit: fc.constantFrom('a', 'Z', '0', 'ü', ' ', '"', '{', '😀'),
});
const word = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,8}$/);

/** Without what is undefined: JSON has none of it. */
const object = <T extends Record<string, fc.Arbitrary<unknown>>>(members: T) =>
  fc
    .record(members)
    .map((made) => Object.fromEntries(Object.entries(made).filter(([, value]) => value !== undefined)));

const argument = object({ name: word, value: text, isSecret: some(fc.constantFrom(true, false, null)) });
const argumentsOf = some(fc.array(argument, { maxLength: 4 }));
const context = {
  contextPath: fc.constantFrom(
    'https://github.com/contoso/app.git',
    'https://github.com/contoso/app.git#main:src',
    'https://git.example.com/Team/App.git#v1',
    'https://example.com/a.tar.gz?sig=x',
    'source/202601010000/a.tar.gz',
  ),
  contextAccessToken: some(text),
};
const encoded = (file: string) =>
  fc.constantFrom('', '\n', '\r\n').map((end) => Buffer.from(file).toString('base64') + end);

const docker = object({
  type: cased('Docker'),
  ...context,
  dockerFilePath: fc.constantFrom('Dockerfile', './docker/Dockerfile.prod', 'a b/Dockerfile'),
  imageNames: some(
    fc.uniqueArray(fc.constantFrom('app:1', 'app:{{.Run.ID}}', '{{.Run.Registry}}/app', 'team/app:v1.0')),
  ),
  isPushEnabled: some(fc.boolean()),
  noCache: some(fc.boolean()),
  target: some(word),
  arguments: argumentsOf,
});
const file = object({
  type: cased('FileTask'),
  ...context,
  taskFilePath: fc.constantFrom('acb.yaml', './tasks/acb.yaml'),
  valuesFilePath: some(fc.constantFrom('values.yaml')),
  values: argumentsOf,
});
const encodedStep = object({
  type: cased('EncodedTask'),
  contextPath: some(context.contextPath),
  contextAccessToken: some(text),
  encodedTaskContent: encoded('version: v1.1.0\nsteps:\n  - cmd: bash echo hello\n'),
  encodedValuesContent: some(encoded('a: b\n')),
  values: argumentsOf,
});

const status = some(cased('Enabled', 'Disabled'));
const named = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.uniqueArray(arbitrary, { maxLength: 3, selector: (one) => String((one as { name: string }).name) });
const timers = named(
  object({
    name: fc.constantFrom('t1', 'T1', 'nightly'),
    schedule: fc.constantFrom('0 1 * * *', '*/15 * * * *', '0 9 * * 1-5'),
    status,
  }),
);
const auth = object({
  tokenType: cased('PAT', 'OAuth'),
  token: some(text),
  refreshToken: some(text),
  scope: some(text),
  expiresIn: some(fc.nat()),
});
const source = (sourceControlType: string, repositoryUrl: fc.Arbitrary<string>) =>
  object({
    name: fc.constantFrom('commits', 'Commits', 'pulls-1'),
    sourceTriggerEvents: fc.uniqueArray(cased('commit', 'pullrequest'), { minLength: 1, maxLength: 2 }),
    status,
    sourceRepository: object({
      sourceControlType: cased(sourceControlType),
      repositoryUrl,
      branch: some(fc.constantFrom('main', 'release/1')),
      sourceControlAuthProperties: some(auth),
    }),
  });
const sources = named(
  fc.oneof(
    source(
      'Github',
      fc.constantFrom('https://github.com/contoso/app', 'https://GitHub.com/Contoso/App.git#main'),
    ),
    source('VisualStudioTeamService', fc.constant('https://dev.azure.com/org/project/_git/app')),
  ),
);
const trigger = object({
  timerTriggers: some(timers),
  sourceTriggers: some(sources),
  baseImageTrigger: some(
    object({
      name: some(word),
      baseImageTriggerType: some(cased('All', 'Runtime')),
      updateTriggerPayloadType: some(cased('Default', 'Token')),
      status,
    }),
  ),
});

const secret = object({ type: some(cased('Opaque')), value: text });
const vault = object({
  type: cased('Vaultsecret'),
  value: fc.constant('https://team1.vault.azure.net/secrets/password'),
});
const credentials = object({
  sourceRegistry: some(
    object({
      loginMode: some(cased('None', 'Default')),
      identity: some(fc.constantFrom('[system]', '[caller]')),
    }),
  ),
  customRegistries: some(
    fc.dictionary(
      fc.constantFrom('a.example.com', 'B.example.com:5000', 'baseacr.azurecr.io'),
      fc.oneof(
        object({ userName: secret, password: secret }),
        object({ identity: fc.constant('4711'), userName: secret, password: vault }),
      ),
      { maxKeys: 3, noNullPrototype: true },
    ),
  ),
});

const identity = object({
  type: cased('SystemAssigned', 'UserAssigned', 'SystemAssigned, UserAssigned', 'None'),
  userAssignedIdentities: some(
    fc.dictionary(
      fc.constantFrom('/subscriptions/s/resourceGroups/g/providers/x/a', '/SUBSCRIPTIONS/s/b'),
      fc.constant({}),
      { maxKeys: 2, noNullPrototype: true },
    ),
  ),
});

/** The body of a PUT of a task as its owner may write it: every kind of step and trigger, in any case that is allowed. */
export const anyTask = object({
  location: text,
  tags: some(fc.dictionary(text, text, { maxKeys: 3, noNullPrototype: true })),
  identity: some(identity),
  properties: object({
    status,
    platform: some(
      object({
        os: cased('Linux', 'Windows'),
        architecture: some(cased('amd64', 'arm64', '386')),
        variant: some(cased('v7', 'v8')),
      }),
    ),
    agentConfiguration: some(object({ cpu: some(fc.integer({ min: 1, max: 32 })) })),
    agentPoolName: some(word),
    timeout: some(fc.integer({ min: 300, max: 28800 })),
    step: fc.oneof(docker, file, encodedStep),
    trigger: some(trigger),
    credentials: some(credentials),
    logTemplate: some(text),
    isSystemTask: some(fc.constant(false)),
  }),
});
