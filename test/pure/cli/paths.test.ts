import { Buffer } from 'node:buffer';
import { expect, test } from 'vitest';
import { splitHostPath } from '../../../src/cli/copy/places.ts';

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
