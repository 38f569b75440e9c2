import { expect, test } from 'vitest';
import { type TreeVisitor, visitTree } from '../../../../src/vfs-linux/tree/visit.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface Folder {
  readonly path: string;
  /** Entries, in the portions in which `next` gives them. */
  readonly portions: string[][];
}

/** A tree of strings: a name that ends with a digit is a folder with that many entries in it. */
class Recorder implements TreeVisitor<Folder, string> {
  readonly log: string[] = [];

  async visit(folder: Folder, name: string): Promise<Folder | undefined> {
    const path = `${folder.path}/${name}`;
    await turn();
    this.log.push(path);
    const count = Number(/\d$/.exec(name)?.[0] ?? Number.NaN);
    if (Number.isNaN(count)) return undefined;
    const names = Array.from({ length: count }, (_, index) => 'abcdefghi'[index] as string);
    return { path, portions: [names.slice(0, 2), names.slice(2)].filter((one) => one.length > 0) };
  }

  async next(folder: Folder): Promise<readonly string[]> {
    await turn();
    const names = folder.portions.shift() ?? [];
    if (names.length === 0) this.log.push(`${folder.path}/.`);
    return names;
  }
}

const top: Folder = { path: '', portions: [] };

test('a directory is left after everything in it, and its portions come in order', async () => {
  const recorder = new Recorder();
  await visitTree(recorder, top, 'x5', { width: 8 });
  const inside = ['/x5/a', '/x5/b', '/x5/c', '/x5/d', '/x5/e'];
  expect(recorder.log.slice(1, -1).sort()).toEqual(inside);
  const place = (path: string): number => recorder.log.indexOf(path);
  expect(Math.max(place('/x5/a'), place('/x5/b'))).toBeLessThan(place('/x5/c'));
  expect(recorder.log.at(-1)).toBe('/x5/.');
});

test('an empty directory is left at once, and a file is only visited', async () => {
  const recorder = new Recorder();
  await visitTree(recorder, top, 'x0', { width: 1 });
  await visitTree(recorder, top, 'file', { width: 1 });
  expect(recorder.log).toEqual(['/x0', '/x0/.', '/file']);
});

test('directories in directories are left before those above them', async () => {
  const log: string[] = [];
  const visitor: TreeVisitor<number[], number> = {
    async visit(_above, depth) {
      return depth < 1000 ? [depth] : undefined;
    },
    async next(directory) {
      const depth = directory.pop();
      if (depth !== undefined) {
        log.push(`in ${depth}`);
        return [depth + 1];
      }
      log.push('out');
      return [];
    },
  };
  await visitTree(visitor, [], 0, { width: 4 });
  expect(log.slice(0, 1000).every((line) => line.startsWith('in'))).toBe(true);
  expect(log.slice(1000).every((line) => line === 'out')).toBe(true);
  expect(log.length).toBe(2000);
});
