import assert from 'node:assert/strict';
import { suite } from 'uvu';
import { parseSourceLocation as parseOfEngine } from '../../local/runEngine/source/sourceLocation.ts';
import { parseSourceLocation, type SourceLocation } from '../../shared/names/sourceLocation.ts';

const test = suite('addresses of repositories without .git');

const git = (url: string, more: object = {}): SourceLocation => ({ kind: 'git', url, ...more });
const taken: [text: string, location: SourceLocation][] = [
  ['https://github.com/contoso/app', git('https://github.com/contoso/app')],
  ['https://github.com/contoso/app/', git('https://github.com/contoso/app')],
  ['https://GitHub.com/contoso/app#main', git('https://github.com/contoso/app', { ref: 'main' })],
  [
    'https://github.com/contoso/app#v1:src/web',
    git('https://github.com/contoso/app', { ref: 'v1', folder: 'src/web' }),
  ],
  ['https://github.com/contoso/app.js', git('https://github.com/contoso/app.js')],
  ['https://www.github.com/contoso/app', git('https://www.github.com/contoso/app')],
  ['https://contoso.ghe.com/team/app#main', git('https://contoso.ghe.com/team/app', { ref: 'main' })],
  ['https://gitlab.com/contoso/app', git('https://gitlab.com/contoso/app')],
  ['https://bitbucket.org/contoso/app#:web', git('https://bitbucket.org/contoso/app', { folder: 'web' })],
];
for (const [text, location] of taken)
  test(`${text} is a git repository`, () => assert.deepEqual(parseSourceLocation(text), location));

for (const text of [
  'https://github.com/contoso/app/archive/main.tar.gz',
  'https://github.com/contoso/app.tar.gz',
  'https://example.com/contoso/app',
  'https://notgithub.com/contoso/app',
  'https://github.com.example.com/contoso/app',
  'https://github.com/contoso/app?sig=x',
])
  test(`${text} is an archive`, () => assert.equal(parseSourceLocation(text).kind, 'archive'));

test('the local engine takes it for git too', () =>
  assert.equal(parseOfEngine('https://github.com/contoso/app#main').kind, 'git'));

test.run();
