import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import { splitHostPath } from '../../../src/cli/copy/places.ts';
import { joinPath, pathOf, splitPath } from '../../../src/cli/volume-path.ts';

const normal = (path: string): string => pathOf(splitPath(Buffer.from(path))).toString();

test.each([
  ['', '/'],
  ['/', '/'],
  ['etc', '/etc'],
  ['//etc///fstab/', '/etc/fstab'],
  ['/a/./b/../c', '/a/c'],
  ['../../a', '/a'],
  ['/a/..', '/'],
  ['/..a/.b/...', '/..a/.b/...'],
])('the path "%s" on a volume is %s', (path, expected) => {
  expect(normal(path)).toBe(expected);
});

test('bytes that are no UTF-8 stay what they are in a path', () => {
  const path = joinPath(Buffer.from('/'), Buffer.from([0xff, 0xfe]));
  expect(pathOf(splitPath(path))).toEqual(Buffer.from([0x2f, 0xff, 0xfe]));
});

test.each([
  ['file', '.', 'file'],
  ['a/b', 'a', 'b'],
  ['a/b//', 'a', 'b'],
  ['/b', '/', 'b'],
  ['/', '/', '.'],
  ['.', '.', '.'],
  ['a/.', 'a/.', '.'],
  ['../..', '../..', '.'],
])('"%s" on the host is in "%s" under the name "%s"', (path, folder, name) => {
  const split = splitHostPath(Buffer.from(path));
  expect([split.folder.toString(), split.name.toString()]).toEqual([folder, name]);
});
