/**
 * What becomes of files: made, written, renamed, linked, removed, with handles open all the while.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DISPOSITION, OPTION } from '../../../../src/fsbridge/nt.ts';
import { ACCESS } from '../../../../src/fsbridge/security/access-rights.ts';
import { cannotMount, type FreshType } from '../../../support/kernel-volume.ts';
import { describeUnless } from '../../../support/needs.ts';
import { type Client, freshClient } from '../../../support/windows/engine-client.ts';

const { CREATE, OPEN, OPEN_IF, OVERWRITE, OVERWRITE_IF, SUPERSEDE } = DISPOSITION;
const directory = { createOptions: OPTION.DIRECTORY_FILE };

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

  test('a directory is no file, and a file no directory', async () => {
    await win.makeDirectory('\\kind');
    await win.put('\\kind\\file', 'x');
    const asFile = { createOptions: OPTION.NON_DIRECTORY_FILE };
    expect(await win.tryCreate('\\kind', asFile)).toBe('FILE_IS_A_DIRECTORY');
    expect(await win.tryCreate('\\kind\\file', directory)).toBe('NOT_A_DIRECTORY');
    expect(await win.tryCreate('\\kind\\file\\x')).toBe('NOT_A_DIRECTORY');
    expect(await win.tryCreate('\\kind\\no\\x')).toBe('OBJECT_PATH_NOT_FOUND');
    expect(await win.tryCreate('\\kind\\file', { hasTrailingBackslash: true })).toBe(
      'OBJECT_NAME_INVALID',
    );
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

  test('a removed file is read and written until its last handle goes', async () => {
    await win.put('\\gone', 'still here');
    const first = await win.open('\\gone');
    const second = await win.open('\\gone');
    await win.close(first, true);
    expect(await win.get('\\gone')).toBe('OBJECT_NAME_NOT_FOUND');
    await win.put('\\gone', 'another');
    expect(await win.read(second)).toBe('still here');
    expect(await win.write(second, 'STILL')).toBe('SUCCESS');
    // Removed once, the name that is there now is not this file's.
    await win.close(second, true);
    expect(await win.get('\\gone')).toBe('another');
  });

  test('two names of a file are one file', async () => {
    await win.put('\\name-a', 'text');
    const a = await win.open('\\name-a');
    await win.linux.link('/name-a', '/name-b');
    const b = await win.open('\\name-b');
    expect(b.fcb).toBe(a.fcb);
    expect((await win.info(a)).hardLinks).toBe(2);
    await win.close(a, true);
    expect(await win.get('\\name-a')).toBe('OBJECT_NAME_NOT_FOUND');
    expect(await win.read(b)).toBe('text');
    await win.close(b);
  });

  test('a rename onto another name of the same file leaves one name', async () => {
    await win.put('\\left', 'text');
    const file = await win.open('\\left');
    await win.linux.link('/left', '/right');
    expect(await win.rename(file, '\\right', 1)).toBe('SUCCESS');
    await win.close(file);
    expect(await win.get('\\left')).toBe('OBJECT_NAME_NOT_FOUND');
    expect(await win.get('\\right')).toBe('text');
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

  test('a name is replaced with REPLACE_IF_EXISTS, a directory by POSIX rules alone', async () => {
    await win.put('\\source', 's');
    await win.put('\\target', 't');
    await win.makeDirectory('\\folder');
    expect(await win.renameByName('\\source', '\\target')).toBe('OBJECT_NAME_COLLISION');
    expect(await win.renameByName('\\source', '\\folder', 1)).toBe('ACCESS_DENIED');
    await win.makeDirectory('\\empty');
    expect(await win.renameByName('\\empty', '\\folder', 1)).toBe('ACCESS_DENIED');
    expect(await win.renameByName('\\empty', '\\folder', 3)).toBe('SUCCESS');
    expect(await win.renameByName('\\source', '\\target', 1)).toBe('SUCCESS');
    expect(await win.get('\\target')).toBe('s');
  });

  test('READONLY refuses writing and removal; a directory that is not empty stays', async () => {
    await win.close(await win.make('\\read-only', { fileAttributes: 0x1 }));
    const writing = { desiredAccess: ACCESS.WRITE_DATA };
    expect(await win.tryCreate('\\read-only', writing)).toBe('ACCESS_DENIED');
    expect(await win.remove('\\read-only')).toBe('CANNOT_DELETE');
    await win.makeDirectory('\\full');
    await win.put('\\full\\file', '');
    expect(await win.remove('\\full')).toBe('DIRECTORY_NOT_EMPTY');
    expect(await win.remove('\\full\\file')).toBe('SUCCESS');
    expect(await win.remove('\\full')).toBe('SUCCESS');
  });

  test('appending goes to the end, and constrained writing never beyond it', async () => {
    const file = await win.make('\\appended');
    await win.write(file, 'abc');
    await win.write(file, 'def', -1);
    expect(await win.read(file)).toBe('abcdef');
    const buffer = Buffer.from('0123456789');
    const fileInfo = await win.info(file);
    const irp = { fileObject: file, buffer, byteOffset: 3, constrainedIo: true, fileInfo };
    expect(await win.engine.write({ ...irp, information: 0 })).toBe(0);
    expect(await win.read(file)).toBe('abc012');
    expect(fileInfo.fileSize).toBe(6);
    await win.close(file);
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
