/**
 * Calls Windows' functions for disks through koffi, under Node for Windows in Wine, where E: is a
 * disk. Each line of its output is JSON: the name of a check, and whether it holds.
 *
 * Wine does not answer a disk's size and sectors, so open-disk.ts is not used:
 * test/support/windows/ fake-windows.ts tests it. This guest tests that the calls themselves are
 * right.
 */
import { Buffer } from 'node:buffer';
import { listWindowsDisks } from '../../../src/block/list-disks.ts';
import * as win from '../../../src/block/windows/disk-api.ts';
import { loadWindowsDiskApi } from '../../../src/block/windows/kernel32.ts';

const ERROR_INVALID_HANDLE = 6;
const noHandle = 0x7ffc;
const nothing: Buffer = Buffer.alloc(0);
const farBytes = 40_960_000;

function check(name: string, holds: boolean): void {
  process.stdout.write(`${JSON.stringify({ name, holds })}\n`);
}

const api = await loadWindowsDiskApi();
const volumes = api.volumeNames();
check('volumes have names', volumes.length > 0 && volumes.every((one) => one.endsWith('}\\')));
check('volumes have letters', volumes.flatMap((one) => api.volumePaths(one)).includes('E:\\'));
const disks = await listWindowsDisks(api);
check('disks are listed', disks[0]?.name === '\\\\.\\PhysicalDrive0');
const share = win.FILE_SHARE_READ | win.FILE_SHARE_WRITE;
const missing = api.createFile('\\\\.\\PhysicalDrive77', win.GENERIC_READ, share, 0);
check('no such disk', missing === -win.ERROR_FILE_NOT_FOUND);

const access = (win.GENERIC_READ | win.GENERIC_WRITE) >>> 0;
const handle = api.createFile('\\\\.\\E:', access, share, 0);
check('a disk opens', handle > 0);
const number = Buffer.alloc(win.deviceNumber.size);
const asked = api.deviceIoControl(handle, win.IOCTL_STORAGE_GET_DEVICE_NUMBER, nothing, number);
check('a disk has a number', asked.error === 0 && asked.bytes === number.length);
// Wine dismounts only real devices, but the call is the same.
const locked = api.deviceIoControl(handle, win.FSCTL_LOCK_VOLUME, nothing, nothing);
check('a volume is locked', locked.error === 0);

const superblock = Buffer.alloc(1024);
const read = await api.readFile(handle, superblock, 1024);
check('reading', read.error === 0 && read.bytes === 1024 && superblock.readUInt16LE(56) === 0xef53);
const many = await Promise.all(
  Array.from({ length: 40 }, (_, i) => api.readFile(handle, Buffer.alloc(512), i * 512)),
);
check(
  'many reads at once',
  many.every(({ error, bytes }) => error === 0 && bytes === 512),
);
const source = Buffer.alloc(4096, 7);
const written = await api.writeFile(handle, source, farBytes);
check('writing', written.error === 0 && written.bytes === source.length);
check('flushing', (await api.flushFileBuffers(handle)) === 0);
const memory = new WebAssembly.Memory({ initial: 1, maximum: 1 });
const target = new Uint8Array(memory.buffer, 512, source.length);
await api.readFile(handle, target, farBytes);
check(
  'reading into WebAssembly’s memory',
  target.every((byte) => byte === 7),
);
const wrong = await api.readFile(noHandle, source, 0);
check('the error of a call on another thread', wrong.error === ERROR_INVALID_HANDLE);
api.closeHandle(handle);
