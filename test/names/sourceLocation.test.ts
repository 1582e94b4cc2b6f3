import assert from 'node:assert/strict';
import { test } from 'uvu';
import { linkProblem, pathProblem } from '../../shared/names/contextPaths.ts';
import {
  describeLocation,
  parseSourceLocation,
  type SourceLocation,
  SourceLocationError,
} from '../../shared/names/sourceLocation.ts';

const hub = 'https://github.com/Azure-Samples/acr-build-helloworld-node.git';
const devops = 'https://dev.azure.com/foo/dockerfiles/_git/dockerfiles';

const taken: [contextPath: string, location: SourceLocation][] = [
  [hub, { kind: 'git', url: hub }],
  [`${hub}#main`, { kind: 'git', url: hub, ref: 'main' }],
  [`${hub}#main:src/app`, { kind: 'git', url: hub, ref: 'main', folder: 'src/app' }],
  [`${hub}#:src`, { kind: 'git', url: hub, folder: 'src' }],
  [`${hub}#`, { kind: 'git', url: hub }],
  [`${hub}#feature/x:./a//b/`, { kind: 'git', url: hub, ref: 'feature/x', folder: 'a/b' }],
  [`${hub}#refs/pull/7/head`, { kind: 'git', url: hub, ref: 'refs/pull/7/head' }],
  [`${hub}#main:my%20app`, { kind: 'git', url: hub, ref: 'main', folder: 'my app' }],
  ['https://github.com/u/R.GIT#v1', { kind: 'git', url: 'https://github.com/u/R.GIT', ref: 'v1' }],
  ['github.com/u/r.git#v1', { kind: 'git', url: 'https://github.com/u/r.git', ref: 'v1' }],
  ['github.com/u/r#v1', { kind: 'git', url: 'https://github.com/u/r', ref: 'v1' }],
  ['http://localhost:3000/r.git', { kind: 'git', url: 'http://localhost:3000/r.git' }],
  [devops, { kind: 'git', url: devops }],
  [`${devops}/#main:app`, { kind: 'git', url: devops, ref: 'main', folder: 'app' }],
  [`https://foo@dev.azure.com/foo/dockerfiles/_git/dockerfiles`, { kind: 'git', url: devops }],
  [
    'https://azure.visualstudio.com/ACR/_git/Build/',
    { kind: 'git', url: 'https://azure.visualstudio.com/ACR/_git/Build' },
  ],
  [
    'https://tfs.example.com/tfs/Collection/My%20Project/_git/app#main',
    { kind: 'git', url: 'https://tfs.example.com/tfs/Collection/My%20Project/_git/app', ref: 'main' },
  ],
  ['https://host/src.tar.gz', { kind: 'archive', url: 'https://host/src.tar.gz' }],
  ['https://host/src.tgz?sv=1&sig=abc', { kind: 'archive', url: 'https://host/src.tgz?sv=1&sig=abc' }],
  ['https://sometarcontext.com', { kind: 'archive', url: 'https://sometarcontext.com/' }],
  [
    'https://github.com/u/r/archive/main.tar.gz',
    { kind: 'archive', url: 'https://github.com/u/r/archive/main.tar.gz' },
  ],
  ['source/202601010000/0a1b.tar.gz', { kind: 'upload', relativePath: 'source/202601010000/0a1b.tar.gz' }],
  ['/dev/null', { kind: 'none' }],
];
for (const [contextPath, location] of taken)
  test(`${contextPath} is ${describeLocation(location)}`, () =>
    assert.deepEqual(parseSourceLocation(contextPath), location));

const refused: [contextPath: string, code: SourceLocationError['code'], says: RegExp][] = [
  ['', 'Invalid', /empty/],
  [' https://host/r.git', 'Invalid', /blank/],
  ['.', 'Invalid', /local directory/],
  ['/home/me/app', 'Invalid', /local directory/],
  ['source/../../x.tar.gz', 'Invalid', /local directory/],
  ['C:\\app', 'NotSupported', /https/],
  ['oci://registry/repo:tag', 'NotSupported', /registry.*not supported/],
  ['ssh://git@github.com/u/r.git', 'NotSupported', /https:\/\/host\/owner/],
  ['git@github.com:u/r.git', 'NotSupported', /https:\/\/host\/owner/],
  ['git://host/r.git', 'NotSupported', /https:\/\/host\/owner/],
  ['file:///etc', 'NotSupported', /https/],
  ['ftp://host/x.tar', 'NotSupported', /https/],
  ['https://', 'Invalid', /not a URL/],
  ['https://host/src.tgz#main', 'Invalid', /archive/],
  [`${hub}#main:../other`, 'Invalid', /leaves the repository/],
  [`${hub}#main:a/%2e%2e/%2e%2e/b`, 'Invalid', /leaves the repository/],
  [`${hub}#-upload-pack`, 'Invalid', /cannot be a branch/],
  [`${hub}#a..b`, 'Invalid', /cannot be a branch/],
  [`${hub}#%`, 'Invalid', /%25/],
  ['https://user:s3cret@host/r.git', 'HoldsSecret', /contextAccessToken/],
  ['https://s3cret@github.com/u/r.git', 'HoldsSecret', /contextAccessToken/],
  ['https://s3cret@azure.visualstudio.com/ACR/_git/Build', 'HoldsSecret', /contextAccessToken/],
  ['https://foo:s3cret@dev.azure.com/foo/p/_git/r', 'HoldsSecret', /contextAccessToken/],
];
for (const [contextPath, code, says] of refused)
  test(`refuses ${JSON.stringify(contextPath.replace('s3cret', '…'))}`, () => {
    assert.throws(
      () => parseSourceLocation(contextPath),
      (error) => {
        assert.ok(error instanceof SourceLocationError);
        assert.equal(error.code, code);
        assert.match(error.message, says);
        assert.doesNotMatch(error.message, /s3cret/);
        return true;
      },
    );
  });

test('a location is described without its query string', () =>
  assert.equal(
    describeLocation({ kind: 'archive', url: 'https://host/a.tgz?sig=s3cret' }),
    'https://host/a.tgz',
  ));

const links: [path: string, target: string, problem: string | undefined][] = [
  ['link', 'file', undefined],
  ['a/b/link', '../../file', undefined],
  ['a/link', './b/./c', undefined],
  ['link', '../file', 'climbs out of the context'],
  ['a/link', '../../file', 'climbs out of the context'],
  ['link', '/etc/passwd', 'is absolute'],
  ['link', '', 'has no target'],
];
for (const [path, target, problem] of links)
  test(`a link ${path} -> ${target || '(nothing)'} ${problem ?? 'stays inside'}`, () =>
    assert.equal(linkProblem(path, target), problem));

const paths: [path: string, problem: string | undefined][] = [
  ['a/b', undefined],
  ['..a/b..', undefined],
  ['/a', 'is absolute'],
  ['a/../../b', 'climbs out of the context'],
  ['a//b', 'is not a path'],
];
for (const [path, problem] of paths)
  test(`an entry ${path} ${problem ?? 'stays inside'}`, () => assert.equal(pathProblem(path), problem));

test.run();
