/** Listings in pieces, while entries come and go. */
import { afterAll, beforeAll, expect, test } from 'vitest';
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

  test('a file name with a reserved character finds nothing, and is no error', async () => {
    // The driver takes such a name for a pattern, and does not ask.
    const directory = await win.open('\\dir');
    const writer = { entry: (): boolean => expect.unreachable('there is no such name') };
    const asked = {
      pattern: 'file *',
      patternIsFileName: true,
      marker: undefined,
      markerOffset: 0,
    };
    const irp = { fileObject: directory, ...asked, writer, endOfDirectory: false };
    expect(await win.engine.directoryControl(irp)).toBe(0);
    expect(irp.endOfDirectory).toBe(true);
    await win.close(directory);
  });
});
