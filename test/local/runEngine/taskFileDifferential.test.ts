/** The product's reading of task files against the local run engine's, which is written by ACR's engine alone. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'uvu';
import {
  type AcrTask,
  readTask,
  readValuesFile,
  TaskFileFault,
  templateData,
} from '../../../local/runEngine/taskFile/readTask.ts';
import { formatImageRef, parseImageRef } from '../../../shared/names/imageRef.ts';
import {
  engineText,
  parseValuesFile,
  readTaskFile,
  type SetValue,
  type TaskFile,
  TaskFileError,
  withSet,
} from '../../../shared/taskFile/taskFile.ts';
import { taskFiles } from './generatedTaskFiles.ts';

const run = {
  ID: 'ca1',
  TaskName: 'app',
  Registry: 'appacr.azurecr.io',
  RegistryName: 'appacr',
  Date: '20261123-150405z',
  OS: 'linux',
  Architecture: 'amd64',
  Commit: 'abc',
  Branch: 'main',
  SharedVolume: 'workspace',
};
/** What the engine knows of a run itself: its own id above all. */
const engineRun = { ...run, ID: 'cb9', TaskName: '', Commit: '', Branch: '' };

const values = `
word: hello
none: ~
port: 8080
ratio: 1.50
large: 12345678.5
flag: yes
octal: 0755
deep: {er: nested, list: [1, two]}
tricky: '$ID {{.Run.ID}} $$'
`;
const set: SetValue[] = [
  { name: 'token', value: 's3cr3t with "blanks"', isSecret: true },
  { name: 'word', value: 'set', isSecret: false },
];

type Reading = { steps: unknown[] } | { refused: string };

function reading<T extends TaskFile | AcrTask>(read: () => T): Reading {
  try {
    return { steps: (read().steps as (TaskFile | AcrTask)['steps'][number][]).map(described) };
  } catch (error) {
    if (error instanceof TaskFileError || error instanceof TaskFileFault) return { refused: error.message };
    throw error;
  }
}

/** A step in words that are the same for both. */
function described(step: TaskFile['steps'][number] | AcrTask['steps'][number]) {
  const { id, kind, after, timeout, startDelay, retries, retryDelay, repeat, ignoreErrors, env } = step;
  const common = { id, kind, after, timeout, startDelay, retries, retryDelay, repeat, ignoreErrors, env };
  const workingDirectory = step.workingDirectory ?? '';
  const options = [...step.options.keys()].sort();
  if (step.kind === 'push')
    return { ...common, workingDirectory, options, push: [...new Set(step.push.map(canonical))] };
  if (step.kind === 'build') {
    const { others, ...command } = step.command;
    return {
      ...common,
      ...{ workingDirectory, options, command },
      others: others.map((other) => ({
        name: 'option' in other ? other.option.slice(2) : other.name,
        value: other.value,
      })),
    };
  }
  const { command, disableWorkingDirectoryOverride, entryPoint = '', user = '', pull } = step;
  const cmd = { command, disableWorkingDirectoryOverride, entryPoint, user, pull };
  return { ...common, workingDirectory, options, ...cmd, asksShell: step.operators.length > 0 };
}

/** As the registry gets it; what is no name stays. */
function canonical(name: string): string {
  try {
    return formatImageRef(parseImageRef(name));
  } catch {
    return name;
  }
}

const fileValues = parseValuesFile(values);
const data = { run, values: withSet(fileValues, set), secrets: {} };
const readByProduct = (text: string) => reading(() => readTaskFile(text, data));
const readByEngine = (text: string) =>
  reading(() => readTask(text, templateData(run, readValuesFile(values), set)));

function assertAgree(text: string, product: Reading, engine: Reading): void {
  const both = `${text}\nproduct: ${JSON.stringify(product)}\nengine: ${JSON.stringify(engine)}`;
  assert.equal('refused' in product, 'refused' in engine, both);
  if ('steps' in product) assert.deepEqual(product, engine, both);
}

const samples: [title: string, text: string, steps: number][] = [
  [
    'build and push',
    'version: v1.1.0\nsteps:\n  - build: -t $Registry/hello-world:$ID .\n  - push: ["$Registry/hello-world:$ID"]\n',
    2,
  ],
  [
    'builds side by side, and a test after them',
    'steps:\n- id: web\n  build: -t web:{{.Run.ID}} web\n  when: ["-"]\n- id: tests\n  build: -t tests -f tests/Dockerfile tests\n  when: ["-"]\n- cmd: tests --url http://web\n  id: run\n  when: [web, tests]\n  retries: 3\n  retryDelay: 10\n',
    3,
  ],
  [
    'a service that is detached',
    'version: v1.1.0\n# Build\nsteps:\n- build: -t {{.Run.Registry}}/a:{{.Run.ID}} -f Dockerfile .\n- cmd: -t {{.Run.Registry}}/a:{{.Run.ID}}\n  id: test\n  detach: true\n  ports: ["8080:80"]\n- cmd: docker stop test\n  timeout: 30\n',
    3,
  ],
  [
    'a volume of a secret',
    'version: v1.1.0\nvolumes:\n  - name: v\n    secret:\n      key: {{.Values.token | b64enc}}\nsteps:\n  - cmd: bash cat /run/key\n    volumeMounts:\n      - name: v\n        mountPath: /run\n',
    1,
  ],
  [
    'a scheduled purge',
    "version: v1.1.0\nsteps:\n- cmd: acr purge --filter 'app:.*' --ago 7d --untagged\n  disableWorkingDirectoryOverride: true\n  timeout: 3600\n",
    1,
  ],
  [
    'values and aliases of its own',
    'version: v1.1.0\nalias:\n  values:\n    image: $Registry/{{.Values.word}}\nenv: ["A=1,B=2"]\nstepTimeout: 900\nsteps:\n  - build: -t {{.Run.Registry}}/{{.Values.word}}:$ID --build-arg V={{.Values.ratio}} .\n  - push:\n    - $Registry/{{.Values.word}}:$ID\n    env: [A=own]\n',
    2,
  ],
];
for (const [title, text, steps] of samples)
  test(`the product and the engine read a sample alike: ${title}`, () => {
    const product = readByProduct(text);
    assert.equal('steps' in product && product.steps.length, steps, JSON.stringify(product));
    assertAgree(text, product, readByEngine(text));
  });

test('the product and the engine read generated files alike: steps, order, images, and what is refused', () => {
  const seen = { taken: 0, refused: 0 };
  fc.assert(
    fc.property(taskFiles, (text) => {
      const product = readByProduct(text);
      seen['steps' in product ? 'taken' : 'refused']++;
      assertAgree(text, product, readByEngine(text));
    }),
    { seed: 20261127, numRuns: 400 },
  );
  // Neither is so rare that nothing is compared.
  assert.ok(seen.taken > 100 && seen.refused > 50, JSON.stringify(seen));
});

test('what the product hands to the engine is read there as the product reads the file', () => {
  fc.assert(
    fc.property(taskFiles, (text) => {
      const product = readByProduct(text);
      if ('refused' in product) return;
      const handed = engineText(text, data, set);
      const engine = reading(() =>
        readTask(handed.content, templateData(engineRun, new Map(), handed.values)),
      );
      assertAgree(`${text}\nhanded:\n${handed.content}`, product, engine);
    }),
    { seed: 20261128, numRuns: 400 },
  );
});

test.run();
