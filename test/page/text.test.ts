import assert from 'node:assert/strict';
import { test } from 'uvu';
import { addressOf, type Route, routeOf } from '../../page/app/routes.ts';
import { addText, noLines } from '../../page/model/logLines.ts';
import { at, clockTime, duration, ordinal, timeOfDay } from '../../page/model/times.ts';
import { coloured, visible } from '../../page/model/visible.ts';

const names: [text: string, shown: string][] = [
  ['plain/name:1', 'plain/name:1'],
  ['\u202Egnp.exe', '⟨U+202E⟩gnp.exe'],
  ['a\u0000b', 'a⟨U+0000⟩b'],
  ['zero\u200Bwidth', 'zero⟨U+200B⟩width'],
  ['\u2066isolate', '⟨U+2066⟩isolate'],
  ['two\nlines', 'two⟨U+000A⟩lines'],
  ['\uFEFFmark', '⟨U+FEFF⟩mark'],
  ['tab\tstays', 'tab\tstays'],
  ['filler\u3164\uFFA0\u115F', 'filler⟨U+3164⟩⟨U+FFA0⟩⟨U+115F⟩'],
  ['joined\u034Fletters\u17B4', 'joined⟨U+034F⟩letters⟨U+17B4⟩'],
  ['hidden\u{E0041}\u{E0101}', 'hidden⟨U+E0041⟩⟨U+E0101⟩'],
  ['half \uD800 \uDC00', 'half ⟨U+D800⟩ ⟨U+DC00⟩'],
  [`e${'\u0301'.repeat(6)}`, `e${'\u0301'.repeat(4)}⟨U+0301⟩⟨U+0301⟩`],
  ['Viê\u0323t ⚠️ 👍🏽 בְּרֵאשִׁית', 'Viê\u0323t ⚠️ 👍🏽 בְּרֵאשִׁית'],
  ['日本 émoji 🚀', '日本 émoji 🚀'],
  ['<img src=x>', '<img src=x>'],
];
for (const [text, shown] of names)
  test(`a name ${JSON.stringify(text)} is shown as ${shown}`, () => assert.equal(visible(text), shown));

const lines: [line: string, parts: [string, string?][]][] = [
  ['plain', [['plain']]],
  ['\x1b[31mred\x1b[0m not', [['red', 'red'], [' not']]],
  ['\x1b[1;92mbright\x1b[39m', [['bright', 'green']]],
  ['\x1b[2K\x1b[1Aup', [['up']]],
  ['\x1b]8;;https://evil.example\x07link\x1b]8;;\x07', [['link']]],
  ['\x1b]0;title\x1b\\after', [['after']]],
  ['\x1b', []],
  ['\x1b[31', [['[31']]],
  ['bell\x07', [['bell⟨U+0007⟩']]],
];
for (const [line, parts] of lines)
  test(`the log line ${JSON.stringify(line)} has ${parts.length} parts`, () =>
    assert.deepEqual(
      coloured(line).map(({ text, colour }) => (colour ? [text, colour] : [text])),
      parts,
    ));

test('a log that comes in pieces has the lines of the whole', () => {
  const whole = 'one\r\ntwo\rthree\n\nfive';
  for (let size = 1; size <= whole.length; size++) {
    let log = noLines;
    for (let at = 0; at < whole.length; at += size) log = addText(log, whole.slice(at, at + size));
    assert.deepEqual(
      [log.chunks.flat(), log.rest, log.count],
      [['one', 'two', 'three', ''], 'five', 4],
      `${size}`,
    );
  }
});

test('chunks of a long log have 200 lines, and full ones stay the same values', () => {
  const log = addText(noLines, 'x\n'.repeat(450));
  assert.deepEqual(
    log.chunks.map(({ length }) => length),
    [200, 200, 50],
  );
  const more = addText(log, 'y\n');
  assert.equal(more.chunks[1], log.chunks[1]);
  assert.equal(log.chunks[2]!.length, 50);
  assert.equal(more.chunks[2]!.length, 51);
});

const times: [said: string, expected: string][] = [
  [duration(8_000), '8 s'],
  [duration(52 * 60_000), '52 min'],
  [duration(180 * 60_000), '3 h'],
  [duration(100 * 3_600_000), '4 days'],
  [duration(-5), '0 s'],
  [clockTime(72_000), '1:12'],
  [clockTime(3_725_000), '1:02:05'],
  ...[1, 2, 3, 4, 11, 12, 13, 21, 112].map((place): [string, string] => [
    ordinal(place),
    `${place}${{ 1: 'st', 2: 'nd', 3: 'rd', 21: 'st' }[place] ?? 'th'}`,
  ]),
];
const local = (...parts: [number, number, number, number, number, number?]) => new Date(...parts);
times.push(
  [timeOfDay(local(2026, 0, 2, 3, 4, 5).getTime()), '03:04:05'],
  [timeOfDay(local(2026, 11, 31, 23, 59, 59).toISOString()), '23:59:59'],
  ...(
    [
      [local(2026, 8, 9, 15, 2), '15:02'],
      [local(2026, 8, 9, 0, 0), '00:00'],
      [local(2026, 8, 8, 23, 59), '8 Sept 23:59'],
      [local(2026, 7, 9, 15, 2), '9 Aug 15:02'],
      [local(2025, 8, 9, 15, 2), '9 Sept 15:02'],
      [local(2026, 8, 10, 1, 7), '10 Sept 01:07'],
    ] as const
  ).map(([time, shown]): [string, string] => [
    at(time.toISOString(), local(2026, 8, 9, 16, 0).getTime()),
    shown,
  ]),
);
for (const [said, expected] of times)
  test(`a time is said as ${expected}`, () => assert.equal(said, expected));

const routes: [address: string, route: Route][] = [
  ['/page', { view: 'images', find: '', show: '' }],
  ['/page?find=a+b&show=stale', { view: 'images', find: 'a b', show: 'stale' }],
  ['/page/image/a.azurecr.io/base/node:22.1', { view: 'image', image: 'a.azurecr.io/base/node:22.1' }],
  ['/page/task/acr/a%20b', { view: 'task', registry: 'acr', task: 'a b' }],
  ['/page/push/run-1-output-2', { view: 'push', id: 'run-1-output-2' }],
  ['/page/pushes?day=2026-11-23', { view: 'pushes', day: '2026-11-23' }],
  ['/page/run/acr/ca1', { view: 'run', registry: 'acr', runId: 'ca1' }],
  ['/page/runs', { view: 'runs' }],
  ['/page/what-if?image=a%2Fb%3A1', { view: 'what-if', image: 'a/b:1' }],
];
for (const [address, route] of routes)
  test(`the address ${address} is read and written`, () => {
    const { pathname, search } = new URL(address, 'https://x.example');
    assert.deepEqual(routeOf(pathname, search), route);
    const again = new URL(addressOf(route as Exclude<Route, { view: 'nowhere' }>), 'https://x.example');
    assert.deepEqual(routeOf(again.pathname, again.search), route);
  });
test('half of a pair of surrogates has an address', () =>
  assert.equal(addressOf({ view: 'push', id: 'a\uD800b🚀' }), '/page/push/a%EF%BF%BDb%F0%9F%9A%80'));
for (const address of [
  '/page/none',
  '/page/image',
  '/page/task/acr',
  '/page/run/acr',
  '/page/push/',
  '/page/image/',
])
  test(`the address ${address} is of no view`, () => assert.equal(routeOf(address, '').view, 'nowhere'));
test('a broken escape in an address stays as it came', () =>
  assert.deepEqual(routeOf('/page/push/100%', ''), { view: 'push', id: '100%' }));

test.run();
