/**
 * The rules of the house that a reader relies on, as a test: which way imports run, how long a file
 * and a line may be, and words that have no place in it.
 */
import { expect, test } from 'vitest';
import {
  filesBelow,
  findCircles,
  importsOf,
  includesOf,
  readSource as read,
  sharedClassNames,
  unreadMembers,
} from '../support/house.ts';

const maxColumns = 100;
/** C counts a tab as eight columns, and has its comments behind the code. */
const maxColumnsInC = 108;

/** A room may import from itself and from these. src's own files (errors.ts) are for all. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  host: [],
  block: ['host'],
  'vfs-linux': ['block', 'host'],
  'node-fs': ['vfs-linux'],
  observe: ['vfs-linux', 'block', 'host'],
  probe: ['vfs-linux', 'block', 'host'],
  volumes: ['probe', 'observe', 'vfs-linux', 'block', 'host'],
  cache: ['observe', 'vfs-linux'],
  fsbridge: ['cache', 'observe', 'vfs-linux'],
  winfsp: ['fsbridge', 'cache', 'observe', 'vfs-linux', 'host'],
  fuse: ['cache', 'observe', 'vfs-linux', 'host'],
  daemon: [
    'winfsp',
    'fuse',
    'fsbridge',
    'cache',
    'volumes',
    'probe',
    'observe',
    'vfs-linux',
    'block',
    'host',
  ],
  cli: ['daemon', 'volumes', 'probe', 'observe', 'vfs-linux', 'block', 'host'],
};

const written = (file: string): boolean => !file.endsWith('.gen.ts');
const typescript: readonly string[] = ['src', 'test', 'scripts', 'bench', 'examples']
  .flatMap((folder) => filesBelow(folder, /\.ts$/))
  .filter(written);
const native: readonly string[] = filesBelow('native', /\.[ch]$/);

const roomOf = (file: string): string | undefined => /^src\/([^/]+)\//.exec(file)?.[1];

test('imports run one way', () => {
  const wrong: string[] = [];
  for (const file of typescript) {
    const room = roomOf(file);
    if (room === undefined) continue;
    for (const imported of importsOf(file)) {
      const other = roomOf(imported);
      const allowed =
        other === undefined
          ? /^src\/[^/]+\.ts$/.test(imported)
          : other === room || (mayImport[room] ?? []).includes(other);
      if (!allowed) wrong.push(`${file} imports ${imported}`);
    }
  }
  expect(wrong).toEqual([]);
});

test('no file imports itself by way of others, types included', () => {
  const circles = ['src', 'test', 'scripts', 'bench', 'examples'].flatMap((folder) => {
    const files = filesBelow(folder, /\.ts$/);
    return findCircles(new Map(files.map((file) => [file, importsOf(file)])));
  });
  const headers = new Map(native.map((file) => [file, includesOf(file)]));
  expect([...circles, ...findCircles(headers)]).toEqual([]);
});

test('no two files export a class of the same name', () => {
  expect(sharedClassNames(typescript)).toEqual([]);
});

/** Members for users of the library, which fsbridge itself does not read. */
const forUsers: ReadonlySet<string> = new Set(['dropCaches', 'freeze', 'setLabel', 'preadPages']);

test('every member of a class or an interface has a reader', () => {
  // node-fs has the members that node:fs/promises has, whether or not fsbridge reads them.
  const unread = unreadMembers(filesBelow('src', /\.ts$/).filter(written))
    .filter(({ file, name }) => roomOf(file) !== 'node-fs' && !forUsers.has(name))
    .map(({ file, owner, name }) => `${file}: ${owner}.${name}`);
  expect(unread).toEqual([]);
});

test('no file is longer than 600 lines, no line than the columns allow', () => {
  const wrong: string[] = [];
  for (const file of [...typescript, ...native]) {
    const lines = read(file).split('\n');
    if (lines.length > 600) wrong.push(`${file} has ${lines.length} lines`);
    const columns = file.startsWith('native/') ? maxColumnsInC : maxColumns;
    lines.forEach((line, index) => {
      // A string or a pattern that the formatter cannot break may be longer.
      const unbreakable = /^\s*(['"`/]|[\w.]+ [=:]? ?['"`/]|const \w+ = `)/.test(line);
      if (!unbreakable && line.replaceAll('\t', '        ').length > columns)
        wrong.push(`${file}:${index + 1} is too long`);
    });
  }
  expect(wrong).toEqual([]);
});

test('every source file opens with what it is for', () => {
  const mute = [
    ...typescript.filter((file) => roomOf(file)),
    ...native.filter((f) => /\.c$/.test(f)),
  ].filter((file) => !/^(#!.*\n)?(\/\/ SPDX.*\n|\/\* SPDX.*\n)?\/\*/.test(read(file)));
  expect(mute).toEqual([]);
});

test('nothing is left for later, silenced, or of one machine', () => {
  // One letter of each is in brackets, so that this list does not find itself.
  const banned = new RegExp(
    [
      '\\b(?:TO[D]O|FIX[M]E)\\b',
      '@ts-(?:ig[n]ore|expect-er[r]or)',
      'biome-ig[n]ore',
      '\\bas an[y]\\b|[)\\w]: an[y](?= *[=;,)])',
      '\\.onl[y]\\(',
      '(?<![.\\w~])/(?:work|root)/',
    ].join('|'),
  );
  const wrong = [...typescript, ...native].flatMap((file) =>
    read(file)
      .split('\n')
      .flatMap((line, index) =>
        banned.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : [],
      ),
  );
  expect(wrong).toEqual([]);
});
