/** Times, attributes, sizes, EAs, names, and what a read-only volume answers. */
import { Buffer } from 'node:buffer';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FileInfo } from '../../../../src/fsbridge/file-info.ts';
import type { FileObject } from '../../../../src/fsbridge/file-object.ts';
import { DISPOSITION } from '../../../../src/fsbridge/nt.ts';
import { ACCESS } from '../../../../src/fsbridge/security/access-rights.ts';
import { formatEaList, parseEaList } from '../../../../src/fsbridge/translate/ea.ts';
import { ntStatusName } from '../../../../src/fsbridge/translate/ntstatus.ts';
import { toFileTime } from '../../../../src/fsbridge/translate/times.ts';
import { cannotMount } from '../../../support/kernel-volume.ts';
import { describeUnless } from '../../../support/needs.ts';
import { type Client, freshClient } from '../../../support/windows/engine-client.ts';

const leave = { creationTime: 0n, lastAccessTime: 0n, lastWriteTime: 0n, changeTime: 0n };

interface Basic {
  readonly fileAttributes?: number;
  readonly creationTime?: bigint;
  readonly lastAccessTime?: bigint;
  readonly lastWriteTime?: bigint;
}

describeUnless(cannotMount())('metadata', () => {
  let win: Client;

  beforeAll(async () => {
    win = await freshClient();
  });
  afterAll(async () => {
    await win[Symbol.asyncDispose]();
    await win.fresh.close();
  });

  async function setBasic(fileObject: FileObject, basic: Basic): Promise<string> {
    const fileInfo = new FileInfo();
    const irp = { fileObject, fileInfo, fileAttributes: 0xffffffff, ...leave, ...basic };
    return ntStatusName(await win.engine.setInformation({ ...irp, fileInformationClass: 4 }));
  }

  test.each([
    [0, 0],
    [1_767_225_600, 123_456_700],
    [-1, 999_999_900],
    [2_000_000_000, 100],
    [1_600_000_000, 999_999_999],
  ])('a time of %d s and %d ns is set and shown to 100 ns', async (sec, nsec) => {
    const time = toFileTime(sec, nsec);
    const file = await win.make('\\timed');
    const times = { creationTime: time, lastAccessTime: time, lastWriteTime: time };
    expect(await setBasic(file, times)).toBe('SUCCESS');
    const info = await win.info(file);
    expect([info.creationTime, info.lastAccessTime, info.lastWriteTime]).toEqual([
      time,
      time,
      time,
    ]);
    await win.close(file, true);
  });

  test('without a time that was set, creation is Linux’s own, and stays when written', async () => {
    const before = toFileTime(Math.floor(Date.now() / 1000) - 1, 0);
    await win.put('\\born', 'x');
    const born = (await win.stat('\\born')).creationTime;
    expect(born).toBeGreaterThan(before);
    const file = await win.open('\\born');
    await win.write(file, 'y');
    expect((await win.info(file)).creationTime).toBe(born);
    await win.close(file);
  });

  test('a time of -1 keeps the handle’s own writing from moving it, -2 lets it again', async () => {
    const file = await win.make('\\still');
    const time = toFileTime(1_000_000_000, 0);
    await setBasic(file, { lastWriteTime: time });
    expect(await setBasic(file, { lastWriteTime: -1n })).toBe('SUCCESS');
    await win.write(file, 'x');
    expect((await win.info(file)).lastWriteTime).toBe(time);
    expect(await setBasic(file, { lastWriteTime: -2n })).toBe('SUCCESS');
    await win.write(file, 'y');
    expect((await win.info(file)).lastWriteTime).toBeGreaterThan(time);
    expect(await setBasic(file, { lastWriteTime: -3n })).toBe('INVALID_PARAMETER');
    await win.close(file);
  });

  test('DIRECTORY among the attributes of a file is refused', async () => {
    // The driver takes the bit away before it asks.
    const file = await win.make('\\marked', { desiredAccess: ACCESS.WRITE_ATTRIBUTES });
    expect(await setBasic(file, { fileAttributes: 0x10 })).toBe('INVALID_PARAMETER');
    await win.close(file);
  });

  test('a new file is ARCHIVE without an extended attribute, whatever its name', async () => {
    await win.put('\\new', '');
    expect((await win.stat('\\new')).fileAttributes).toBe(0x20);
    expect(await win.linux.listxattr('/new')).toEqual([]);
    await win.put('\\.dot', '');
    expect((await win.stat('\\.dot')).fileAttributes).toBe(0x20);
  });

  test('an allocation within a block cuts the file there', async () => {
    // The driver rounds an allocation up to a whole block.
    const file = await win.make('\\cut');
    await win.write(file, 'text');
    const cut = { fileObject: file, fileInfo: new FileInfo(), allocationSize: 2 };
    expect(await win.engine.setInformation({ ...cut, fileInformationClass: 19 })).toBe(0);
    expect(await win.read(file)).toBe('te');
    await win.close(file);
  });

  test('EAs are user.* attributes, WSL’s are the inode’s own', async () => {
    const file = await win.make('\\extended');
    const list = [
      { name: 'Note', flags: 0, value: Buffer.from('first') },
      { name: '$LXUID', flags: 0, value: Buffer.from([0xd0, 7, 0, 0]) },
    ];
    const irp = { fileObject: file, fileInfo: new FileInfo(), answeredEa: undefined };
    expect(await win.engine.setEa({ ...irp, ea: formatEaList(list) })).toBe(0);
    expect((await win.linux.getxattr('/extended', 'user.Note'))?.toString()).toBe('first');
    expect((await win.linux.stat('/extended')).uid).toBe(2000);
    expect(irp.fileInfo.eaSize).toBe(4 + 5 + 'Note'.length + 'first'.length);
    const query = { fileObject: file, ea: undefined as Buffer | undefined };
    expect(await win.engine.queryEa(query)).toBe(0);
    const names = parseEaList(query.ea as Buffer);
    expect(names.error === undefined && names.list.map(({ name }) => name)).toEqual([
      'Note',
      '$LXUID',
      '$LXGID',
      '$LXMOD',
    ]);
    const gone = [{ name: 'NOTE', flags: 0, value: Buffer.alloc(0) }];
    expect(await win.engine.setEa({ ...irp, ea: formatEaList(gone) })).toBe(0);
    expect(irp.fileInfo.eaSize).toBe(0);
    expect(await win.linux.listxattr('/extended')).toEqual([]);
    await win.close(file);
  });

  test('names that Linux cannot have, and streams, are refused', async () => {
    const made = { createDisposition: DISPOSITION.CREATE };
    for (const name of [
      '\\a:b',
      '\\a/b',
      '\\a\0b',
      '\\a\\\\b',
      'a',
      `\\${'ä'.repeat(128)}`,
      '\\x.',
    ]) {
      expect(await win.tryCreate(name, made), name).toBe('OBJECT_NAME_INVALID');
    }
    await win.put('\\streamed', 'x');
    expect(await win.get('\\streamed::$DATA')).toBe('x');
    expect(await win.tryCreate('\\streamed:other')).toBe('OBJECT_NAME_INVALID');
  });

  test('a read-only volume refuses changes through a handle without rights', async () => {
    // The driver checks the handle's rights first, and does not ask.
    await win.put('\\kept', 'x');
    const readOnly = await win.with({ readOnly: true });
    const file = await readOnly.open('\\kept', { desiredAccess: ACCESS.MAXIMUM_ALLOWED });
    expect(await readOnly.rename(file, '\\moved')).toBe('MEDIA_WRITE_PROTECTED');
    expect(await readOnly.write(file, 'y')).toBe('MEDIA_WRITE_PROTECTED');
    expect(await readOnly.dispose(file)).toBe('MEDIA_WRITE_PROTECTED');
    await readOnly.close(file, true);
    await readOnly[Symbol.asyncDispose]();
    expect(await win.get('\\kept')).toBe('x');
  });
});
