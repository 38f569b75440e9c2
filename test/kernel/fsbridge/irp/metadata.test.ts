/** Times, attributes, sizes, EAs, the volume, and what a read-only or dead volume answers. */
import { Buffer } from 'node:buffer';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FileInfo } from '../../../../src/fsbridge/file-info.ts';
import type { FileObject } from '../../../../src/fsbridge/file-object.ts';
import { DISPOSITION } from '../../../../src/fsbridge/nt.ts';
import { ACCESS } from '../../../../src/fsbridge/security/access-rights.ts';
import { formatEaList, parseEaList } from '../../../../src/fsbridge/translate/ea.ts';
import { ntStatusName } from '../../../../src/fsbridge/translate/ntstatus.ts';
import { toFileTime } from '../../../../src/fsbridge/translate/times.ts';
import { panic } from '../../../support/kernel-hooks.ts';
import { cannotMount } from '../../../support/kernel-volume.ts';
import { describeUnless, testUnless } from '../../../support/needs.ts';
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

  test('attributes are set, kept on the disk, and taken away', async () => {
    const file = await win.make('\\marked');
    expect(await setBasic(file, { fileAttributes: 0x1 | 0x2 | 0x4 })).toBe('SUCCESS');
    await win.close(file);
    expect((await win.stat('\\marked')).fileAttributes).toBe(0x7);
    expect((await win.linux.stat('/marked')).mode & 0o222).toBe(0);
    const again = await win.open('\\marked', { desiredAccess: ACCESS.WRITE_ATTRIBUTES });
    expect(await setBasic(again, { fileAttributes: 0x80 })).toBe('SUCCESS');
    expect(await setBasic(again, { fileAttributes: 0x10 })).toBe('INVALID_PARAMETER');
    await win.close(again);
    expect((await win.stat('\\marked')).fileAttributes).toBe(0x80);
    expect((await win.linux.stat('/marked')).mode & 0o200).toBe(0o200);
  });

  test('a new file is ARCHIVE without an extended attribute, whatever its name', async () => {
    await win.put('\\new', '');
    expect((await win.stat('\\new')).fileAttributes).toBe(0x20);
    expect(await win.linux.listxattr('/new')).toEqual([]);
    await win.put('\\.dot', '');
    expect((await win.stat('\\.dot')).fileAttributes).toBe(0x20);
  });

  async function setSize(fileObject: FileObject, size: number, kind: 19 | 20): Promise<string> {
    const both = { fileObject, fileInfo: new FileInfo() };
    const irp =
      kind === 19
        ? ({ ...both, fileInformationClass: kind, allocationSize: size } as const)
        : ({ ...both, fileInformationClass: kind, endOfFile: size } as const);
    return ntStatusName(await win.engine.setInformation(irp));
  }

  test('end of file grows with a hole, allocation reserves and cuts', async () => {
    const file = await win.make('\\sized');
    await win.write(file, 'text');
    expect(await setSize(file, 10_000_000, 20)).toBe('SUCCESS');
    const grown = await win.info(file);
    expect([grown.fileSize, grown.fileAttributes & 0x200]).toEqual([10_000_000, 0x200]);
    expect(await setSize(file, 4, 20)).toBe('SUCCESS');
    expect(await setSize(file, 1_000_000, 19)).toBe('SUCCESS');
    const reserved = await win.info(file);
    expect(reserved.fileSize).toBe(4);
    expect(reserved.allocationSize).toBeGreaterThanOrEqual(1_000_000);
    expect(await setSize(file, 2, 19)).toBe('SUCCESS');
    expect(await win.read(file)).toBe('te');
    expect(await setSize(file, 2 ** 40, 19)).toBe('DISK_FULL');
    expect((await win.info(file)).allocationSize).toBeLessThan(100_000);
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

  test('the volume says its size, and its label is the file system’s', async () => {
    const volumeInfo = { totalSize: 0, freeSize: 0, volumeLabel: '' };
    expect(await win.engine.setVolumeInformation({ volumeLabel: 'Daten', volumeInfo })).toBe(0);
    expect(await win.engine.queryVolumeInformation({ volumeInfo })).toBe(0);
    expect(volumeInfo.volumeLabel).toBe('Daten');
    expect(await win.fresh.volume.label()).toBe('Daten');
    expect(volumeInfo.freeSize).toBeLessThan(volumeInfo.totalSize);
    const long = { volumeLabel: 'x'.repeat(17), volumeInfo };
    expect(ntStatusName(await win.engine.setVolumeInformation(long))).toBe('INVALID_PARAMETER');
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

  test('a read-only volume is read, and every change is refused', async () => {
    await win.put('\\kept', 'x');
    const readOnly = await win.with({ readOnly: true });
    expect(await readOnly.get('\\kept')).toBe('x');
    const refused = 'MEDIA_WRITE_PROTECTED';
    for (const createDisposition of [0, 2, 3, 4, 5]) {
      const given = { createDisposition, desiredAccess: ACCESS.FILE_GENERIC_READ };
      expect(await readOnly.tryCreate('\\absent', given)).toMatch(/^MEDIA|^OBJECT_NAME_NOT/);
    }
    expect(await readOnly.tryCreate('\\kept', { desiredAccess: ACCESS.WRITE_DATA })).toBe(refused);
    const maximum = { desiredAccess: ACCESS.MAXIMUM_ALLOWED };
    const [, irp] = await readOnly.create('\\kept', maximum);
    const file = irp.fileObject as FileObject;
    expect(irp.grantedAccess & (ACCESS.WRITE_DATA | ACCESS.DELETE)).toBe(0);
    expect(await readOnly.rename(file, '\\moved')).toBe(refused);
    expect(await readOnly.write(file, 'y')).toBe(refused);
    expect(await readOnly.dispose(file)).toBe(refused);
    await readOnly.close(file, true);
    await readOnly[Symbol.asyncDispose]();
    expect(await win.get('\\kept')).toBe('x');
  });
});

testUnless(cannotMount())('a dead kernel answers everything at once, with one status', async () => {
  const win = await freshClient();
  await win.put('\\file', 'x');
  const file = await win.open('\\file');
  await panic(win.fresh.kernel);
  expect(await win.tryCreate('\\file')).toBe('VOLUME_DISMOUNTED');
  expect(await win.read(file)).toBe('VOLUME_DISMOUNTED');
  expect(await win.write(file, 'y')).toBe('VOLUME_DISMOUNTED');
  await win.close(file, true);
  await win[Symbol.asyncDispose]();
  await win.fresh.close();
});
