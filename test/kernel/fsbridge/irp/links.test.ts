/** Symbolic links, special files and reparse data: what Windows sets is what Linux has. */
import { Buffer } from 'node:buffer';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FileInfo } from '../../../../src/fsbridge/file-info.ts';
import type { FileObject } from '../../../../src/fsbridge/file-object.ts';
import { DISPOSITION, OPTION } from '../../../../src/fsbridge/nt.ts';
import { ACCESS } from '../../../../src/fsbridge/security/access-rights.ts';
import { formatEaList } from '../../../../src/fsbridge/translate/ea.ts';
import { lxEasOf } from '../../../../src/fsbridge/translate/lx-metadata.ts';
import { ntStatusName } from '../../../../src/fsbridge/translate/ntstatus.ts';
import { IO_REPARSE_TAG, reparseOfInode } from '../../../../src/fsbridge/translate/reparse.ts';
import { abi } from '../../../../src/vfs-linux/abi.gen.ts';
import { cannotMount } from '../../../support/kernel-volume.ts';
import { describeUnless } from '../../../support/needs.ts';
import { type Client, freshClient } from '../../../support/windows/engine-client.ts';

const GET = 0x900a8;
const SET = 0x900a4;
const DELETE = 0x900ac;
const itself = {
  createOptions: OPTION.OPEN_REPARSE_POINT,
  desiredAccess: ACCESS.FILE_GENERIC_READ,
};
const REPARSE_POINT = 0x400;
const DIRECTORY = 0x10;

function linkData(target: string): Buffer {
  return reparseOfInode(abi.S_IFLNK, Buffer.from(target)) as Buffer;
}

/** A reparse point without data of its own. */
function bareTag(tag: number): Buffer {
  const data = Buffer.alloc(8);
  data.writeUInt32LE(tag);
  return data;
}

describeUnless(cannotMount())('links and special files', () => {
  let win: Client;

  beforeAll(async () => {
    win = await freshClient();
    await win.makeDirectory('\\real');
    await win.put('\\real\\file', 'content');
    await win.linux.symlink('/??/C:/Users', '/outside');
  });
  afterAll(async () => {
    await win[Symbol.asyncDispose]();
    await win.fresh.close();
  });

  async function control(
    fileObject: FileObject,
    fsControlCode: number,
    inputBuffer: Buffer,
    targetOnFileSystem = 0,
  ): Promise<[string, Buffer | undefined]> {
    const irp = {
      fileObject,
      fsControlCode,
      inputBuffer,
      outputBufferLength: 16384,
      targetOnFileSystem,
      accessToken: undefined,
      outputBuffer: undefined as Buffer | undefined,
    };
    return [ntStatusName(await win.engine.fileSystemControl(irp)), irp.outputBuffer];
  }

  test('a link that leads nowhere makes its target when it is created through', async () => {
    const made = { createDisposition: DISPOSITION.OPEN_IF };
    await win.linux.symlink('real/made', '/to-be-made');
    expect(await win.tryCreate('\\to-be-made', made)).toBe('SUCCESS 2');
    expect((await win.linux.lstat('/real/made')).isFile()).toBe(true);
  });

  test('what was opened through a link is removed and renamed by its own name', async () => {
    await win.put('\\real\\victim', 'v');
    await win.linux.symlink('real/victim', '/to-victim');
    const file = await win.open('\\to-victim');
    expect(await win.rename(file, '\\real\\renamed')).toBe('SUCCESS');
    await win.close(file, true);
    expect(await win.list('\\real')).not.toContain('renamed');
    expect((await win.linux.lstat('/to-victim')).isSymbolicLink()).toBe(true);
  });

  test('a link out of the volume is handed back with the rest of the path', async () => {
    for (const [name, path] of [
      ['\\outside', '\\??\\C:\\Users'],
      ['\\outside\\me\\file', '\\??\\C:\\Users\\me\\file'],
    ] as const) {
      const [status, irp] = await win.create(name);
      expect([status, irp.information]).toEqual(['REPARSE', 0]);
      expect(irp.reparseBuffer?.toString('utf16le')).toBe(path);
    }
  });

  test('set reparse point turns a file into a link for every open handle, and back', async () => {
    const file = await win.make('\\turned');
    const other = await win.open('\\turned');
    expect(await control(file, SET, linkData('real/file'))).toEqual(['SUCCESS', undefined]);
    expect(await win.linux.readlink('/turned')).toBe('real/file');
    expect((await win.info(other)).reparseTag).toBe(IO_REPARSE_TAG.SYMLINK);
    expect(await win.get('\\turned')).toBe('content');
    const wrong = await control(other, DELETE, bareTag(IO_REPARSE_TAG.LX_FIFO));
    expect(wrong[0]).toBe('IO_REPARSE_TAG_MISMATCH');
    const back = await control(other, DELETE, bareTag(IO_REPARSE_TAG.SYMLINK));
    expect(back[0]).toBe('SUCCESS');
    expect((await win.linux.lstat('/turned')).isFile()).toBe(true);
    expect(await win.write(file, 'again a file')).toBe('SUCCESS');
    expect(await win.read(other)).toBe('again a file');
    await win.close(file);
    await win.close(other);
    expect((await win.list('\\')).filter((name) => name.startsWith('.fsbridge'))).toEqual([]);
  });

  test('a directory becomes a link and a directory again', async () => {
    const options = { createOptions: OPTION.DIRECTORY_FILE | OPTION.OPEN_REPARSE_POINT };
    const made = await win.make('\\junction', options);
    expect((await control(made, SET, linkData('real')))[0]).toBe('SUCCESS');
    expect(await win.linux.readlink('/junction')).toBe('real');
    expect(await win.get('\\junction\\file')).toBe('content');
    expect((await win.info(made)).fileAttributes).toBe(REPARSE_POINT | DIRECTORY);
    expect((await control(made, DELETE, bareTag(IO_REPARSE_TAG.SYMLINK)))[0]).toBe('SUCCESS');
    expect((await win.linux.lstat('/junction')).isDirectory()).toBe(true);
    await win.close(made);
    expect(await win.list('\\junction')).toEqual([]);
  });

  test('what has content, and data of unknown kinds, is refused', async () => {
    const file = await win.open('\\real\\file');
    expect((await control(file, SET, linkData('x')))[0]).toBe('IO_REPARSE_DATA_INVALID');
    expect((await control(file, GET, Buffer.alloc(0)))[0]).toBe('NOT_A_REPARSE_POINT');
    await win.close(file);
    const empty = await win.make('\\unknown');
    expect((await control(empty, SET, bareTag(0x8000ffff)))[0]).toBe('IO_REPARSE_TAG_NOT_HANDLED');
    await win.close(empty, true);
  });

  test('WSL makes FIFOs and devices: numbers in EAs, then the tag', async () => {
    const fifo = await win.make('\\fifo');
    expect((await control(fifo, SET, bareTag(IO_REPARSE_TAG.LX_FIFO)))[0]).toBe('SUCCESS');
    await win.close(fifo);
    expect((await win.linux.lstat('/fifo')).isFIFO()).toBe(true);
    const device = await win.make('\\device');
    const mode = abi.S_IFCHR | 0o620;
    const ea = formatEaList(lxEasOf({ uid: 1000, gid: 5, mode, rdevMajor: 4, rdevMinor: 64 }));
    const fileInfo = new FileInfo();
    const irp = { fileObject: device, ea, fileInfo, answeredEa: undefined };
    expect(await win.engine.setEa(irp)).toBe(0);
    expect((await control(device, SET, bareTag(IO_REPARSE_TAG.LX_CHR)))[0]).toBe('SUCCESS');
    await win.close(device);
    const made = await win.linux.lstat('/device');
    expect([made.isCharacterDevice(), made.gid]).toEqual([true, 5]);
    // Whoever does not ask for the reparse point itself gets the tag, not the device.
    const [status, opened] = await win.create('\\device');
    expect([status, opened.information]).toEqual(['REPARSE', IO_REPARSE_TAG.LX_CHR]);
    const held = await win.open('\\device', itself);
    expect(await win.read(held)).toBe('INVALID_DEVICE_REQUEST');
    await win.close(held, true);
  });
});
