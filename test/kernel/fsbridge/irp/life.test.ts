/**
 * Files that are made, written, renamed and removed while handles are open on them: rules for which
 * the conformance suite (test/windows) has no case.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DISPOSITION } from '../../../../src/fsbridge/nt.ts';
import { cannotMount, type FreshType } from '../../../support/kernel-volume.ts';
import { describeUnless } from '../../../support/needs.ts';
import { type Client, freshClient } from '../../../support/windows/engine-client.ts';

const { CREATE, OPEN, OPEN_IF, OVERWRITE, OVERWRITE_IF, SUPERSEDE } = DISPOSITION;

const types: readonly FreshType[] = ['ext4', 'xfs', 'btrfs'];

describe.each(types)('the life of files on %s', (type) => {
  describeUnless(cannotMount(type))('', () => lifeOn(type));
});

function lifeOn(type: FreshType): void {
  let win: Client;

  beforeAll(async () => {
    win = await freshClient({}, type);
  });
  afterAll(async () => {
    await win[Symbol.asyncDispose]();
    await win.fresh.close();
  });

  test.each([
    ['SUPERSEDE', SUPERSEDE, 'SUCCESS 2', 'SUCCESS 0'],
    ['OPEN', OPEN, 'OBJECT_NAME_NOT_FOUND', 'SUCCESS 1'],
    ['CREATE', CREATE, 'SUCCESS 2', 'OBJECT_NAME_COLLISION'],
    ['OPEN_IF', OPEN_IF, 'SUCCESS 2', 'SUCCESS 1'],
    ['OVERWRITE', OVERWRITE, 'OBJECT_NAME_NOT_FOUND', 'SUCCESS 3'],
    ['OVERWRITE_IF', OVERWRITE_IF, 'SUCCESS 2', 'SUCCESS 3'],
  ])('%s of a name that is absent, and of one that is there', async (name, how, absent, there) => {
    expect(await win.tryCreate(`\\${name}`, { createDisposition: how })).toBe(absent);
    if (absent !== 'SUCCESS 2') await win.put(`\\${name}`, 'x');
    expect(await win.tryCreate(`\\${name}`, { createDisposition: how })).toBe(there);
  });

  test('an overwritten file loses its content only when Overwrite comes', async () => {
    await win.put('\\overwritten', 'before');
    const file = await win.open('\\overwritten', { createDisposition: OVERWRITE });
    expect(await win.read(file)).toBe('before');
    const fileInfo = await win.info(file);
    const rest = { fileAttributes: 0x80, allocationSize: 0, supersede: false, ea: undefined };
    expect(await win.engine.overwrite({ fileObject: file, fileInfo, ...rest })).toBe(0);
    expect(await win.read(file)).toBe('END_OF_FILE');
    await win.close(file);
  });

  test('an open file stays the same file while its name goes to another', async () => {
    await win.put('\\one', 'one');
    await win.put('\\two', 'two');
    const one = await win.open('\\one');
    const two = await win.open('\\two');
    expect(await win.rename(one, '\\two', 1)).toBe('SUCCESS');
    expect([await win.read(one), await win.read(two)]).toEqual(['one', 'two']);
    expect(await win.get('\\two')).toBe('one');
    // What was replaced has no name any more: it is written, and not renamed.
    expect(await win.write(two, 'TWO')).toBe('SUCCESS');
    expect(await win.read(two)).toBe('TWO');
    expect(await win.rename(two, '\\three')).toBe('FILE_DELETED');
    await win.close(two);
    await win.close(one);
    expect(await win.get('\\two')).toBe('one');
  });

  test('what is open below a directory follows its rename', async () => {
    await win.makeDirectory('\\from');
    await win.makeDirectory('\\from\\deep');
    await win.put('\\from\\deep\\file', 'text');
    const file = await win.open('\\from\\deep\\file');
    expect(await win.renameByName('\\from', '\\to')).toBe('SUCCESS');
    expect(await win.tryCreate('\\from\\deep\\file')).toBe('OBJECT_PATH_NOT_FOUND');
    expect(await win.get('\\to\\deep\\file')).toBe('text');
    expect(await win.rename(file, '\\to\\deep\\other')).toBe('SUCCESS');
    await win.close(file, true);
    expect(await win.list('\\to\\deep')).toEqual([]);
    expect(await win.renameByName('\\to', '\\to\\deep\\inside')).toBe('INVALID_PARAMETER');
  });

  test('a thousand directories, more than are kept open, are walked and all closed', async () => {
    await win.makeDirectory('\\many');
    for (let i = 0; i < 600; i++) await win.makeDirectory(`\\many\\d${i}`);
    for (let i = 0; i < 600; i += 7) await win.put(`\\many\\d${i}\\file`, `${i}`);
    for (let i = 0; i < 600; i += 7) expect(await win.get(`\\many\\d${i}\\file`)).toBe(`${i}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(win.fresh.volume.calls.opened.size).toBeLessThan(530);
    expect(win.engine.fileObjects.size).toBe(0);
  });
}
