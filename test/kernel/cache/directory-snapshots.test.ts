import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DirectorySnapshots } from '../../../src/cache/directory-snapshots.ts';
import { abi, errno } from '../../../src/vfs-linux/abi.gen.ts';
import { negative } from '../../../src/vfs-linux/errno.ts';
import { Kernel } from '../../../src/vfs-linux/kernel.ts';

let kernel: Kernel;
beforeAll(async () => {
  kernel = await Kernel.boot();
});
afterAll(async () => {
  await kernel.close();
});

let folders = 0;

/** A new folder of the kernel's own tmpfs with those files, open for reading. */
async function makeFolder(names: readonly string[]): Promise<{ fd: number; path: string }> {
  const path = `/folder${++folders}`;
  const { calls } = kernel;
  expect(await calls.mkdirat(abi.AT_FDCWD, path, 0o755)).toBe(0);
  for (const name of names) await touch(`${path}/${name}`);
  const fd = await calls.openat2(abi.AT_FDCWD, path, abi.O_RDONLY | abi.O_DIRECTORY);
  expect(fd).toBeGreaterThanOrEqual(0);
  return { fd, path };
}

async function touch(path: string): Promise<void> {
  const { calls } = kernel;
  const fd = await calls.openat2(abi.AT_FDCWD, path, abi.O_CREAT | abi.O_WRONLY, 0o644);
  await calls.close(fd);
}

type Snapshots = ReturnType<DirectorySnapshots['open']>;

async function nameAt(snapshot: Snapshots, index: number): Promise<string | undefined> {
  const entry = await snapshot.at(index);
  if (typeof entry === 'number') throw new Error(String(entry));
  return entry?.text;
}

async function allNames(snapshot: Snapshots): Promise<string[]> {
  const names: string[] = [];
  for (;;) {
    const name = await nameAt(snapshot, names.length);
    if (name === undefined) return names;
    names.push(name);
  }
}

const files = (count: number): string[] => Array.from({ length: count }, (_, i) => `file${i}`);

describe('a listing', () => {
  test('shows the whole directory once, under numbers that stay (1, 2)', async () => {
    const { fd } = await makeFolder(files(3000));
    const snapshot = new DirectorySnapshots(kernel.calls).open(fd);
    const names = await allNames(snapshot);
    expect(names.toSorted()).toEqual(files(3000).toSorted());
    expect(await allNames(snapshot)).toEqual(names);
    expect(snapshot.at(0)).not.toBeInstanceOf(Promise);
  });

  test('stays as it is while files come and go (1, 2)', async () => {
    const { fd, path } = await makeFolder(files(200));
    const snapshot = new DirectorySnapshots(kernel.calls).open(fd);
    const first = await nameAt(snapshot, 0);
    const before = await allNames(snapshot);
    await kernel.calls.unlinkat(abi.AT_FDCWD, `${path}/file7`);
    await touch(`${path}/new`);
    expect(await nameAt(snapshot, 0)).toBe(first);
    expect(await allNames(snapshot)).toEqual(before);
    expect(await snapshot.restart()).toBe(0);
    const after = files(200).filter((name) => name !== 'file7');
    expect((await allNames(snapshot)).toSorted()).toEqual([...after, 'new'].toSorted());
  });

  test('that is asked for by many at once is read once (2)', async () => {
    const { fd } = await makeFolder(files(500));
    const snapshot = new DirectorySnapshots(kernel.calls).open(fd);
    const order = Array.from({ length: 500 }, (_, i) => (i * 7) % 500);
    const names = await Promise.all(order.map((index) => nameAt(snapshot, index)));
    expect(names.toSorted()).toEqual(files(500).toSorted());
  });

  test('tells an error of the kernel, and goes on after it', async () => {
    const { fd } = await makeFolder(files(5));
    let failures = 1;
    const snapshot = new DirectorySnapshots({
      getdents64: (of) =>
        failures-- > 0 ? Promise.resolve(negative(errno.EIO)) : kernel.calls.getdents64(of),
      lseek: (of, offset, whence) => kernel.calls.lseek(of, offset, whence),
    }).open(fd);
    expect(await snapshot.at(0)).toBe(-errno.EIO);
    expect((await allNames(snapshot)).length).toBe(5);
  });
});

test('keeps a part of a large directory, and reads the rest again (1, 3)', async () => {
  const { fd } = await makeFolder(files(4000));
  const snapshots = new DirectorySnapshots(kernel.calls, { entriesEach: 100, entriesAll: 1e6 });
  const snapshot = snapshots.open(fd);
  const names = await allNames(snapshot);
  expect(names.length).toBe(4000);
  expect(snapshots.entries).toBeLessThan(2000);
  expect(await nameAt(snapshot, 3)).toBe(names[3]);
  expect(await nameAt(snapshot, 3999)).toBe(names[3999]);
});

test('many open listings share one bound, and each still goes on (3)', async () => {
  const snapshots = new DirectorySnapshots(kernel.calls, { entriesEach: 1e5, entriesAll: 300 });
  const folder = await makeFolder(files(100));
  const open: Snapshots[] = [];
  for (let i = 0; i < 10; i++) {
    const fd = await kernel.calls.openat2(abi.AT_FDCWD, folder.path, abi.O_DIRECTORY);
    open.push(snapshots.open(fd));
  }
  const steps = fc.sample(fc.tuple(fc.nat(9), fc.nat(99)), 300);
  const truth = await allNames(open[0] as Snapshots);
  for (const [which, index] of steps) {
    expect(await nameAt(open[which] as Snapshots, index)).toBe(truth[index]);
    expect(snapshots.entries).toBeLessThanOrEqual(300);
  }
  for (const snapshot of open) snapshot.forget();
  expect(snapshots.entries).toBe(0);
});

test('a name that is no UTF-8 is listed as its bytes', async () => {
  const { fd, path } = await makeFolder([]);
  const name = Buffer.from([0xff, 0x41]);
  await kernel.calls.mkdirat(abi.AT_FDCWD, Buffer.concat([Buffer.from(`${path}/`), name]), 0o755);
  const entry = await new DirectorySnapshots(kernel.calls).open(fd).at(0);
  expect(typeof entry === 'object' && entry.name).toEqual(name);
});
