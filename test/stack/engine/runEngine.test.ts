import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { registryApi } from '../../../local/runEngine/build/registryApi.ts';
import { waitFor } from '../../doubles/waitFor.ts';
import { longTest, someRows } from '../../tier.ts';
import { principals, processes, startWorld, type World } from './runEngineWorld.ts';

let world: World;
const test = suite('run engine');
test.before(async () => {
  world = await startWorld({ maxConcurrentRuns: 2 });
});
test.after(() => world.stop());

const base = 'baseacr.azurecr.io/base:1';
const appletLinks = 'RUN ["/bin/busybox", "--install", "-s", "/bin"]';
const secret = 's3cr3t-of-the-build';
// Three seconds, told from other sleeps by its digits.
const nap = `sleep 3.00${process.pid}`;

const credentials = async () => ({
  customRegistries: {
    'baseacr.azurecr.io': opaque(await world.login('baseacr', principals.baseReader)),
  },
});
const opaque = ({ username, password }: { username: string; password: string }) => ({
  userName: { type: 'Opaque', value: username },
  password: { type: 'Opaque', value: password },
});

/** The config of an image, read from the registry. */
async function configOf(registry: string, repository: string, reference: string) {
  const { endpoint } = world.registryOf(registry);
  const login = await world.login(registry, principals.builder);
  const api = registryApi(endpoint, login, world.tls.ca, new AbortController().signal);
  const manifest = JSON.parse((await api.manifest(repository, reference)).body.toString());
  return JSON.parse((await api.blob(repository, manifest.config.digest)).toString());
}
const diffIds = async (registry: string, repository: string, reference: string): Promise<string[]> =>
  (await configOf(registry, repository, reference)).rootfs.diff_ids;

test('an uploaded source is built, pushed, and told of as ACR tells', async () => {
  const { runId, run, log } = await world.build(
    {
      Dockerfile: `FROM scratch\nCOPY busybox /bin/busybox\n${appletLinks}\nENV BASE=1\n`,
      busybox: 'busybox',
    },
    { imageNames: ['base:1', 'base:{{.Run.ID}}'] },
    'baseacr',
  );
  assert.equal(run.status, 'Succeeded', log);
  assert.equal(runId, 'ca1');
  assert.equal(run.runType, 'QuickBuild');
  assert.deepEqual(
    run.outputImages.map(({ registry, repository, tag }) => `${registry}/${repository}:${tag}`),
    [base, 'baseacr.azurecr.io/base:ca1'],
  );
  const [first, second] = run.outputImages;
  assert.match(first!.digest, /^sha256:[0-9a-f]{64}$/);
  assert.equal(first!.digest, second!.digest);
  const lines = log.split('\r\n');
  for (const line of [
    'Downloading source code...',
    'Step 1/4 : FROM scratch',
    'Step 4/4 : ENV BASE=1',
    'Pushing image: baseacr.azurecr.io/base:1',
    `1: digest: ${first!.digest}`,
  ])
    assert.ok(lines.includes(line), `${line} is not in\n${log}`);
  assert.match(lines.at(-2)!, /^Run ID: ca1 was successful after \d+s$/);
  assert.ok(!log.replaceAll('\r\n', '').includes('\n'), 'a line does not end in \\r\\n');
});

test('a base of another registry is pulled by its login, pinned by digest, and its layers stay below', async () => {
  const { digest } = (await world.ended('ca1', 'baseacr')).outputImages[0]!;
  const { run, log } = await world.build(
    {
      'sub/Dockerfile-app': `FROM baseacr.azurecr.io/base@${digest}\nARG WHO\nRUN echo "hello $WHO" > /hello\n`,
    },
    {
      dockerFilePath: 'sub/Dockerfile-app',
      imageNames: ['appacr.azurecr.io/team/app'],
      arguments: [{ name: 'WHO', value: 'you' }],
      credentials: await credentials(),
    },
  );
  assert.equal(run.status, 'Succeeded', log);
  assert.deepEqual(run.customRegistries, ['baseacr.azurecr.io']);
  const [image] = run.outputImages;
  assert.deepEqual([image?.repository, image?.tag], ['team/app', 'latest']);
  const layers = await diffIds('appacr', 'team/app', image!.digest);
  const below = await diffIds('baseacr', 'base', digest);
  assert.equal(layers.length, below.length + 1);
  assert.deepEqual(layers.slice(0, below.length), below);
});

longTest(test, 'git over http: branch, tag, commit and folder, and a token that nobody sees', async () => {
  const token = 'ghp_0123456789abcdef';
  const first = await world.git.createRepository(
    'app',
    { 'web/Dockerfile': `FROM ${base}\nCOPY version /version\nRUN cat /version\n`, 'web/version': 'one\n' },
    { access: token },
  );
  await world.git.commit('app', { 'web/version': 'two\n' }, { tag: 'v2' });
  await world.git.commit('app', { 'web/version': 'three\n' });
  const url = `${world.git.url.replace('http://', `http://x:${token}@`)}/app.git`;
  for (const [ref, version] of [
    ['main', 'three'],
    ['v2', 'two'],
    [first, 'one'],
  ]) {
    const { run, log } = await world.build(`${url}#${ref}:web`, { credentials: await credentials() });
    assert.equal(run.status, 'Succeeded', log);
    assert.ok(log.includes(`\r\n${version}\r\n`), log);
    assert.ok(!log.includes(token));
  }
  for (const [source, words] of [
    [`${url}#nosuch:web`, /#nosuch could not be fetched: .*Check the branch, tag or commit/],
    [`${url}#main:nosuch`, /There is no folder nosuch/],
    [`${world.git.url}/app.git#main:web`, /The server requires a token/],
    [`${url}#main`, /There is no Dockerfile Dockerfile in /],
  ] as const) {
    const { run } = await world.build(source);
    assert.equal(run.status, 'Failed');
    assert.match(run.runErrorMessage!, words);
    assert.ok(!run.runErrorMessage!.includes(token));
  }
});

longTest(
  test,
  'a secret argument is in no argv, log or image, and the log is there before the end',
  async () => {
    const runId = await world.schedule(
      {
        Dockerfile: `FROM ${base}\nARG TOKEN\nARG PLAIN\nRUN echo "token <$TOKEN> $PLAIN"\nRUN ${nap}\n`,
      },
      {
        imageNames: ['secret'],
        arguments: [
          { name: 'TOKEN', value: secret, isSecret: true },
          { name: 'PLAIN', value: 'to-be-seen' },
        ],
        credentials: await credentials(),
      },
    );
    const { password } = await world.login('baseacr', principals.baseReader);
    const sightings = new Set<string>();
    let sawPlain = false;
    const early = await waitFor('a log line before the end', async () => {
      for (const { argv } of await processes()) {
        if (argv.includes(secret) || argv.includes(password)) sightings.add(argv);
        sawPlain ||= argv.includes('PLAIN=to-be-seen');
      }
      const log = await world.log(runId);
      return log.includes('\r\ntoken <') ? log : undefined;
    });
    assert.ok(early.includes('token <***> to-be-seen'), early);
    await waitFor('the last step', async () =>
      (await processes()).some(({ argv }) => argv.startsWith(nap)) ? true : undefined,
    );
    assert.equal((await world.show(runId)).status, 'Running');
    const run = await world.ended(runId);
    assert.equal(run.status, 'Succeeded', run.runErrorMessage);
    assert.ok(sawPlain, 'the scan sees arguments');
    assert.deepEqual([...sightings], []);
    const log = await world.log(runId);
    assert.ok(!log.includes(secret));
    const config = JSON.stringify(await configOf('appacr', 'secret', 'latest'));
    assert.ok(!config.includes(secret), 'the image does not hold it');
    assert.ok(!JSON.stringify(world.engine.runs()).includes(secret));
  },
);

const failures: [title: string, dockerfile: string, request: object, message: RegExp][] = [
  [
    'a failing command',
    `FROM ${base}\nRUN true\nRUN echo no; exit 3\n`,
    {},
    /^Step 3\/3 \(RUN echo no; exit 3\) failed: exit status 3\. The log/,
  ],
  [
    'a base that is not there',
    'FROM baseacr.azurecr.io/nosuch:1\n',
    {},
    /^Step 1\/1 \(FROM baseacr\.azurecr\.io\/nosuch:1\) failed: .*There is no such image/,
  ],
  [
    'a base that may not be pulled',
    `FROM ${base}\n`,
    { credentials: {} },
    /^Step 1\/1 \(FROM .*\) failed: .*may not use that registry/,
  ],
  [
    'a Dockerfile that does not parse',
    `FROM ${base}\nRUNN x\n`,
    {},
    /^Step 2\/2 \(RUNN x\) failed: .*Unknown instruction/,
  ],
  ['a missing file', `FROM ${base}\nCOPY nosuch /x\n`, {}, /^Step 2\/2 \(COPY nosuch \/x\) failed: .*nosuch/],
  ['a stage that is not there', `FROM ${base} AS a\n`, { target: 'b' }, /target "b" was not found/],
  [
    'no such Dockerfile',
    'FROM scratch\n',
    { dockerFilePath: 'web/Dockerfile' },
    /There is no Dockerfile web\/Dockerfile/,
  ],
  [
    'a push that is not allowed',
    `FROM ${base}\n`,
    { imageNames: ['baseacr.azurecr.io/other:1'] },
    /^Pushing baseacr\.azurecr\.io\/other:1 failed: /,
  ],
];
for (const [title, Dockerfile, request, message] of someRows(
  failures,
  ([, , , message]) => /\w+/.exec(message.source)![0],
))
  test(`fails, and says why: ${title}`, async () => {
    const { run, log } = await world.build({ Dockerfile }, { credentials: await credentials(), ...request });
    assert.equal(run.status, 'Failed');
    assert.match(run.runErrorMessage!, message);
    assert.ok(!run.runErrorMessage!.includes('localhost'), run.runErrorMessage);
    assert.match(log, /\r\nRun ID: \w+ failed after \d+s\. Error: /);
    assert.deepEqual(run.outputImages, []);
  });

test.run();
