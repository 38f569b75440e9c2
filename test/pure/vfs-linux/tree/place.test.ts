import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import {
  folderOf,
  joinNames,
  joinPath,
  pathOf,
  splitPath,
} from '../../../../src/vfs-linux/tree/place.ts';

const normal = (path: string): string => joinNames(splitPath(Buffer.from(path))).toString();

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

test('bytes that are not UTF-8 are unchanged in a path', () => {
  const path = joinPath(Buffer.from('/'), Buffer.from([0xff, 0xfe]));
  expect(joinNames(splitPath(path))).toEqual(Buffer.from([0x2f, 0xff, 0xfe]));
});

test('the path of an entry begins where the walk began', () => {
  const top = { name: 'a/b', above: undefined };
  const inside = { name: Buffer.from([0xff]), above: top };
  expect(pathOf({ name: 'c', above: inside }).toString('latin1')).toBe('a/b/\xff/c');
  expect(pathOf({ name: 'c', above: { name: '/', above: undefined } }).toString()).toBe('/c');
  expect(pathOf(undefined)).toEqual(Buffer.alloc(0));
});

test.each([
  ['/a/b', '/a'],
  ['/a', '/'],
  ['/', '/'],
])('what has the path "%s" is in "%s"', (path, folder) => {
  expect(folderOf(Buffer.from(path)).toString()).toBe(folder);
});
