/** Listings in pieces, while entries come and go. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FileInfo } from '../../../../src/fsbridge/file-info.ts';
import { cannotMount } from '../../../support/kernel-volume.ts';
import { describeUnless } from '../../../support/needs.ts';
import { type Client, freshClient } from '../../../support/windows/engine-client.ts';

describeUnless(cannotMount())('listings', () => {
  let win: Client;
  const count = 500;

  beforeAll(async () => {
    win = await freshClient();
    await win.makeDirectory('\\dir');
    for (let i = 0; i < count; i++) await win.put(`\\dir\\file ${i}`, 'x'.repeat(i));
  });
  afterAll(async () => {
    await win[Symbol.asyncDispose]();
    await win.fresh.close();
  });

  test.each([1, 7, 100, 10_000])('%d entries at a time give each name once', async (some) => {
    const names = await win.list('\\dir', some);
    expect(names.length).toBe(count);
    expect(new Set(names).size).toBe(count);
  });

  test('"." and ".." come first, but not in the root', async () => {
    const names: string[] = [];
    const directory = await win.open('\\dir');
    await win.listSome(directory, 0, 3, names);
    await win.close(directory);
    expect(names.slice(0, 2)).toEqual(['.', '..']);
    const root = await win.open('\\');
    const there: string[] = [];
    await win.listSome(root, 0, 10, there);
    await win.close(root);
    expect(there).not.toContain('.');
  });

  test('a listing goes on behind a name or a number, and begins anew without either', async () => {
    const directory = await win.open('\\dir');
    const first: string[] = [];
    const next = await win.listSome(directory, 0, 20, first);
    const byNumber: string[] = [];
    await win.listSome(directory, next, 5, byNumber);
    const byName: string[] = [];
    const writer = {
      entry: (name: string): boolean => byName.length < 5 && byName.push(name) > 0,
    };
    const marker = first.at(-1);
    const asked = { pattern: undefined, patternIsFileName: false, marker, markerOffset: 0, writer };
    await win.engine.directoryControl({ fileObject: directory, ...asked, endOfDirectory: false });
    expect(byName).toEqual(byNumber);
    await win.put('\\dir\\new', '');
    const anew: string[] = [];
    await win.listSome(directory, 0, 10_000, anew);
    expect(anew).toContain('new');
    await win.close(directory);
    expect(await win.remove('\\dir\\new')).toBe('SUCCESS');
  });

  test('what stays from beginning to end is listed once, whatever comes and goes', async () => {
    const directory = await win.open('\\dir');
    const names: string[] = [];
    let next = 0;
    for (let round = 0; next >= 0; round++) {
      next = await win.listSome(directory, next, 40, names);
      await win.put(`\\dir\\extra ${round}`, '');
      if (round > 0) expect(await win.remove(`\\dir\\extra ${round - 1}`)).toBe('SUCCESS');
    }
    await win.close(directory);
    const kept = names.filter((name) => name.startsWith('file '));
    expect(kept.length).toBe(count);
    expect(new Set(names).size).toBe(names.length);
    for (const name of await win.list('\\dir', 1000, 'extra *')) await win.remove(`\\dir\\${name}`);
  });

  test('a pattern picks, and a file name is looked up alone', async () => {
    expect((await win.list('\\dir', 1000, 'file 49?')).sort()).toEqual(
      Array.from({ length: 10 }, (_, i) => `file 49${i}`),
    );
    const directory = await win.open('\\dir');
    for (const [pattern, expected] of [
      ['file 7', ['file 7']],
      ['file *', []],
      ['absent', []],
    ] as const) {
      const found: string[] = [];
      let size = -1;
      const writer = {
        entry: (name: string, _next: number, info: FileInfo): boolean => {
          size = info.fileSize;
          return found.push(name) > 0;
        },
      };
      const asked = {
        pattern,
        patternIsFileName: true,
        marker: undefined,
        markerOffset: 0,
        writer,
      };
      const irp = { fileObject: directory, ...asked, endOfDirectory: false };
      // A reserved character cannot be in a name: that finds nothing, and is no error.
      expect(await win.engine.directoryControl(irp)).toBe(0);
      expect([found, irp.endOfDirectory]).toEqual([expected, true]);
      if (expected.length > 0) expect(size).toBe(7);
    }
    await win.close(directory);
  });

  test('entries say of each file what an open of it says', async () => {
    await win.linux.symlink('dir', '/link');
    await win.linux.setxattr('/dir/file 3', 'user.note', Buffer.from('value'));
    await win.close(await win.make('\\hidden', { fileAttributes: 0x2 }));
    for (const folder of ['\\', '\\dir']) {
      const directory = await win.open(folder);
      const listed = new Map<string, FileInfo>();
      const writer = {
        entry: (name: string, _next: number, info: FileInfo): boolean => {
          listed.set(name, Object.assign(new FileInfo(), info));
          return true;
        },
      };
      const asked = { pattern: undefined, patternIsFileName: false, marker: undefined, writer };
      const irp = { fileObject: directory, ...asked, markerOffset: 0, endOfDirectory: false };
      expect(await win.engine.directoryControl(irp)).toBe(0);
      await win.close(directory);
      listed.delete('.');
      listed.delete('..');
      for (const [name, info] of listed) {
        expect(info, name).toEqual(await win.stat(`${folder === '\\' ? '' : folder}\\${name}`));
      }
    }
  });
});
