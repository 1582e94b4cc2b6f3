import assert from 'node:assert/strict';
import { test } from 'uvu';
import { readTaskFile } from '../../shared/taskFile/taskFile.ts';

const read = (kind: 'cmd' | 'build', text: string) =>
  readTaskFile(`steps:\n  - ${kind}: |\n      ${text}\n`, { run: {}, values: {}, secrets: {} }).steps[0]!;

const image = 'reg.example/tool:1';
const runs: [text: string, args: string[], flags: string[]][] = [
  [`-t ${image}`, [], ['tty']],
  [`--rm -it ${image} -it --rm`, ['-it', '--rm'], ['rm', 'interactive', 'tty']],
  [`-v /a:/b -v=/c:/d -v/e:/f ${image} ls`, ['ls'], ['volume=/a:/b', 'volume=/c:/d', 'volume=/e:/f']],
  [
    `-e A=b -eC=d -e=E=f --env G=h --env=I=j ${image}`,
    [],
    ['env=A=b', 'env=C=d', 'env=E=f', 'env=G=h', 'env=I=j'],
  ],
  [`-itv /a:/b ${image}`, [], ['interactive', 'tty', 'volume=/a:/b']],
  [`-iteA=b ${image}`, [], ['interactive', 'tty', 'env=A=b']],
  [`--entrypoint sh ${image} -c 'echo -v x'`, ['-c', 'echo -v x'], ['entrypoint=sh']],
  [`--network host --privileged=true ${image}`, [], ['network=host', 'privileged=true']],
  [
    `--mount type=bind,src=/a,dst=/b --user 1:1 -w /x ${image}`,
    [],
    ['mount=type=bind,src=/a,dst=/b', 'user=1:1', 'workdir=/x'],
  ],
  [`--rm -- ${image} --rm`, ['--rm'], ['rm']],
  [
    `--health-cmd "curl -f localhost" --gpus all --pull always ${image}`,
    [],
    ['health-cmd=curl -f localhost', 'gpus=all', 'pull=always'],
  ],
  [`-p 80:80 -P --init --label=a=b ${image}`, [], ['publish=80:80', 'publish-all', 'init', 'label=a=b']],
];
for (const [text, args, flags] of runs)
  test(`docker run finds the image of a command behind its options: ${text}`, () => {
    const step = read('cmd', text);
    assert.ok(step.kind === 'cmd');
    assert.equal(step.command.image, image);
    assert.deepEqual(step.command.args, args);
    assert.deepEqual(
      step.command.flags.map(({ name, value }) => (value === undefined ? name : `${name}=${value}`)),
      flags,
    );
  });

const builds: [text: string, tags: string[], others: string[]][] = [
  ['-qt app:1 .', ['app:1'], ['--quiet']],
  ['-qtapp:1 .', ['app:1'], ['--quiet']],
  ['--no-cache-filter stage -t app:1 .', ['app:1'], ['--no-cache-filter stage']],
  ['--annotation a=b --annotation=c=d -t=app:1 .', ['app:1'], ['--annotation a=b', '--annotation c=d']],
  ['-t app:$(date -u +%s) .', ['app:$(date -u +%s)'], []],
  ['-t "app:$(date -u)" -t app:$(echo $(id -u) x) .', ['app:$(date -u)', 'app:$(echo $(id -u) x)'], []],
  ['-qm 1g -t app:1 -- .', ['app:1'], ['--quiet', '--memory 1g']],
];
for (const [text, tags, others] of builds)
  test(`docker build reads ${text}`, () => {
    const step = read('build', text);
    assert.ok(step.kind === 'build');
    assert.deepEqual(step.command.tags, tags);
    assert.equal(step.command.context, '.');
    assert.deepEqual(
      step.command.others.map(({ option, value }) => (value === undefined ? option : `${option} ${value}`)),
      others,
    );
  });

const wrong: [kind: 'cmd' | 'build', text: string, message: RegExp][] = [
  ['cmd', '--rm -it', /docker run has options here, but no image/],
  ['cmd', '--volum /a:/b x', /docker run has no option --volum\./],
  ['cmd', '-itz x', /docker run has no option -z\./],
  ['cmd', 'x -e', /^$/],
  ['cmd', '-e', /-e needs a value/],
  ['build', '-qz .', /docker build has no option -z\./],
  ['build', '-t app:$(date .', /\$\( is not closed by \)/],
  ['build', '--annotation', /--annotation needs a value/],
];
for (const [kind, text, message] of wrong)
  test(`${kind}: ${text} is ${message.source === '^$' ? 'the command’s own business' : 'refused as docker would'}`, () => {
    if (message.source === '^$') assert.doesNotThrow(() => read(kind, text));
    else assert.throws(() => read(kind, text), message);
  });

test.run();
