import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';

const root = join(import.meta.dirname, '..');
const sourcesOf = (tops: string[]) =>
  new Map(
    tops
      .flatMap((top) =>
        readdirSync(join(root, top), { recursive: true, encoding: 'utf8' }).map((name) => join(top, name)),
      )
      .filter((name) => /(?<!\.d)\.m?tsx?$/.test(name) && !name.includes('node_modules'))
      .map((name) => [name, readFileSync(join(root, name), 'utf8')]),
  );
const everything = sourcesOf(['functions', 'shared', 'page', 'local', 'infra', 'test']);
const product = sourcesOf(['functions', 'shared']);

/** Exports that tests alone import: what they check or stand in for cannot be reached from outside its file. */
const forTests = [
  'local/runEngine/steps/buildStep.ts#stepPlatform',
  'shared/adapters/secrets/identityToken.ts#inTime',
  'shared/edge/logRange.ts#LogPart',
  'local/easyAuth.ts#startEasyAuth',
  'local/functionsHost/http/httpKeys.ts#Door',
  'local/functionsHost/settings.ts#parseTimeSpan',
  'local/functionsHost/spawn.ts#SpawnOptions',
  'local/git/azureDevops.ts#AzureDevops',
  'local/git/azureDevops.ts#startAzureDevops',
  'local/git/gitServer.ts#RepositoryAccess',
  'local/git/github.ts#Github',
  'local/git/github.ts#startGithub',
  'local/identity/keyVault.ts#KeyVault',
  'local/identity/keyVault.ts#startKeyVault',
  'local/runEngine/build/builderFiles.ts#authFile',
  'local/runEngine/build/builderFiles.ts#registriesConf',
  'local/runEngine/run/instantExecutor.ts#instantExecutor',
  'local/stack.ts#StackOptions',
  'local/tutorial/apiClient.ts#ApiClient',
  'local/tutorial/sample.ts#Sample',
  'shared/adapters/engine/acrBuildLog.ts#parseAcrBuildLog',
  'shared/adapters/engine/armClient.ts#audienceOf',
  'shared/adapters/http/addressRules.ts#isPublicAddress',
  'shared/adapters/telemetry/otelExport.ts#provide',
  'shared/edge/config.ts#ConfigError',
  'shared/edge/config.ts#readConfig',
  'shared/edge/config.ts#readTelemetry',
  'shared/edge/telemetry.ts#atMost',
  'shared/edge/telemetry.ts#start',
  'shared/flow/webhooks/onDelivery.ts#GivenDelivery',
  'shared/flow/webhooks/onDelivery.ts#Received',
  'shared/names/imageRef.ts#readImageRef',
  'shared/ports/sourceContext.ts#SourceErrorCode',
];

/** What a file takes from others, as `file#name`; `file#*` when it takes the file whole, by name or lazily. */
function takenBy(file: string, text: string): string[] {
  const named = text.matchAll(/^(?:import|export)(?: type)? (?:\w+, )?\{([^}]*)\} from '(\.[^']+)'/gm);
  const whole = text.matchAll(/^import \* as \w+ from '(\.[^']+)'|\bimport\(\s*'(\.[^']+)'/gm);
  const target = (from: string) => join(file, '..', from);
  return [
    ...[...named].flatMap(([, names, from]) =>
      names!
        .split(',')
        .map((name) =>
          name
            .trim()
            .replace(/^type /, '')
            .replace(/ as .*$/, ''),
        )
        .map((name) => `${target(from!)}#${name}`),
    ),
    ...[...whole].map(([, from, lazy]) => `${target((from ?? lazy)!)}#*`),
  ];
}

/** Names that a file declares and exports. */
function exportsOf(text: string): string[] {
  const declared = text.matchAll(
    /^export (?:async |abstract )*(?:function\*?|const|class|interface|type|enum) (\w+)/gm,
  );
  const listed = text.matchAll(/^export \{([^}]*)\};$/gm);
  return [
    ...new Set([
      ...[...declared].map(([, name]) => name!),
      ...[...listed].flatMap(([, names]) => names!.split(',').map((name) => name.trim())),
    ]),
  ].filter((name) => name !== '');
}

/** Whether a file that takes another whole, or one that takes something from it, names an export of that other. */
const names = (taker: string, name: string) =>
  [...everything].some(
    ([file, text]) =>
      (file === taker || taken.get(file)!.some((one) => one.startsWith(`${taker}#`))) &&
      new RegExp(`\\b${name}\\b`).test(text),
  );
const taken = new Map([...everything].map(([file, text]) => [file, takenBy(file, text)]));

/** For each export of shared/ and local/ the files that take it. */
function takersOfExports(): Map<string, string[]> {
  const takers = new Map<string, string[]>();
  for (const [file, all] of taken) for (const one of all) takers.set(one, [...(takers.get(one) ?? []), file]);
  const takersOf = (file: string, name: string) => [
    ...(takers.get(`${file}#${name}`) ?? []),
    ...(takers.get(`${file}#*`) ?? []).filter((taker) => names(taker, name)),
  ];
  const exporting = [...everything].filter(([file]) => /^(shared|local|page)\//.test(file));
  return new Map(
    exporting.flatMap(([file, text]) =>
      exportsOf(text).map((name) => [`${file}#${name}`, takersOf(file, name)] as const),
    ),
  );
}
const takersOf = takersOfExports();

test('every export of the product and of the local stack is imported by another file', () => {
  const unused = [...takersOf].filter(([, takers]) => takers.length === 0).map(([name]) => name);
  assert.deepEqual(unused, []);
});

test('an export that only tests import is one that is named here', () => {
  const found = [...takersOf]
    .filter(([, takers]) => takers.length > 0 && takers.every((taker) => taker.startsWith('test/')))
    .map(([name]) => name);
  assert.deepEqual(found.sort(), forTests.sort());
});

/** Ways of writing that the product does without, and one line of each for the pattern to find. */
const ways: [title: string, pattern: RegExp, example: string][] = [
  ['members are left out by without()', /\w: _+(?:,| \})/, 'const { digest: _, ...tagged } = image;'],
  ['no value is finished by Object.assign', /\bObject\.assign\(/, 'Object.assign(done, { reading });'],
  [
    'an object does not call its own members by this',
    /^(?! {4,}(?:super|this)\b)[^*]*\bthis\.(?!#)[a-z]\w*\(/,
    '      return (await this.manifest(reference))?.digest;',
  ],
  [
    'no digest of noughts stands for an unknown one',
    /'0'\.repeat|sha256:0{64}/,
    "`sha256:${'0'.repeat(64)}`",
  ],
];
for (const [title, pattern, example] of ways) {
  test(title, () => {
    assert.match(example, pattern);
    const found = [...product].flatMap(([file, text]) =>
      text
        .split('\n')
        .flatMap((line, at) => (pattern.test(line) ? [`${file}:${at + 1} ${line.trim()}`] : [])),
    );
    assert.deepEqual(found, []);
  });
}

/** The functions called decide… or plan… that write to a store or a queue, as the formatter lays them out. */
function writersIn(text: string): string[] {
  const found = text.matchAll(/^( *)(?:export )?(?:async )?function ((?:decide|plan)\w*)[\s\S]*?^\1\}$/gm);
  return [...found]
    .filter(([body]) => /\.(?:commit|changeEdges|send\w+|claim\w*)\(|\benqueue(?:All)?\(/.test(body))
    .map(([, , name]) => name!);
}

test('what is called decide or plan writes nothing', () => {
  assert.deepEqual(writersIn('function decideOne() {\n  store.commit(writes);\n}'), ['decideOne']);
  const found = [...product].flatMap(([file, text]) => writersIn(text).map((name) => `${file} ${name}`));
  assert.deepEqual(found, []);
});

/** Words that make a person of a part, or a figure of a fact; each with what is written in its place. */
const figures: [word: RegExp, instead: string][] = [
  [/\bstand(s|ing)? on\b/i, 'is built on'],
  [/\bdoorbells?\b/i, 'start message'],
  [/\b(nobody|somebody|anybody|everybody|whoever)\b/i, 'the caller, the identity, no run'],
  [/\banew\b/i, 'again, a new one'],
  [/\b(is|are) told\b/i, 'is notified, is logged'],
  [/\bknows\b/i, 'has, reads'],
  [/\bbusiness\b/i, 'task'],
];
for (const [word, instead] of figures)
  test(`the product does not say ${word.source} where it means: ${instead}`, () => {
    const found = [...product].flatMap(([file, text]) =>
      text.split('\n').flatMap((line, at) => (word.test(line) ? [`${file}:${at + 1} ${line.trim()}`] : [])),
    );
    assert.deepEqual(found, []);
  });

test.run();
