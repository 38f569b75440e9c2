/**
 * The volume as a whole: its information, full, read-only, slow, broken, and with a dead kernel.
 */
import { setTimeout } from 'node:timers/promises';
import { panic } from '../../../support/kernel-hooks.ts';
import { type Case, expectEqual, expectStatus, expectTrue } from '../case.ts';
import { access, disposition, option, status } from '../driver/nt.ts';
import { expectSuccess } from '../driver/program.ts';
import { kind, Request } from '../driver/record.ts';

const write = access.FILE_GENERIC_READ | access.FILE_GENERIC_WRITE;
const infoRule = 'MS-FSCC 2.5.8 FileFsSizeInformation';
const readOnlyRule = 'MS-FSA 2.1.5.1: a volume that is write-protected';

const information: Case[] = [
  {
    name: 'the volume answers its size, and how much is free to the user',
    rule: infoRule,
    async run({ win, linux }) {
      const { volume } = await win.queryVolume();
      const { bsize, blocks, bavail } = await linux.statfs('/');
      expectEqual(volume?.totalSize, bsize * blocks, 'the size');
      const differs = Math.abs((volume?.freeSize ?? 0) - bsize * bavail);
      expectTrue(differs <= 64 * bsize, `free: ${volume?.freeSize} of ${bsize * bavail}`);
    },
  },
  {
    name: 'a write takes free space, and a delete gives it back',
    rule: infoRule,
    async run({ win, path, driver }) {
      const free = async (): Promise<number> => (await win.queryVolume()).volume?.freeSize ?? 0;
      const before = await free();
      await win.makeFile(path('a'), Buffer.alloc(8_388_608, 1));
      await win.flushVolume();
      const during = await free();
      expectTrue(before - during > 8_000_000, `free: ${before}, then ${during}`);
      expectSuccess(await win.remove(path('a')), 'remove');
      // An inode is held until its Close.
      await driver.settle();
      // XFS frees in the background.
      let after = 0;
      for (let tries = 0; tries < 50 && after - during < 4_000_000; tries++) {
        await setTimeout(100);
        await win.flushVolume();
        after = await free();
      }
      expectTrue(after - during > 4_000_000, `free again: ${during}, then ${after}`);
    },
  },
  {
    name: 'a label is set, and read back',
    rule: 'MS-FSCC 2.5.5 FileFsLabelInformation',
    async run({ win }) {
      const answer = await win.setLabel('windows');
      expectStatus(answer.status, status.SUCCESS);
      expectEqual(answer.volume?.label, 'windows', 'in the answer');
      expectEqual((await win.queryVolume()).volume?.label, 'windows', 'asked again');
    },
  },
  {
    name: 'a label that is too long for the file system is refused',
    rule: 'ioctl_fslabel(2): 16 bytes for ext4, 12 for XFS',
    async run({ win }) {
      expectStatus((await win.setLabel('x'.repeat(17))).status, status.INVALID_PARAMETER);
    },
  },
];

const broken: Case[] = [
  {
    name: 'a request with unknown contexts is refused, and nothing else happens',
    rule: 'WinFsp: user mode checks its own contexts',
    async run({ driver, win, path }) {
      const request = new Request(kind.QUERY_INFORMATION, path('a')).contexts(1n, 987654321n);
      const response = await driver.send(request);
      expectTrue(response.status >= 0xc0000000, 'an error');
      await win.makeFile(path('a'), 'x');
      expectEqual((await win.readFile(path('a'))).toString(), 'x', 'the file still works');
    },
  },
  {
    name: 'a request of an unknown kind is answered',
    rule: 'WinFsp: a request that is not answered hangs the program for ever',
    async run({ driver }) {
      const response = await driver.send(new Request(99));
      expectTrue(response.status >= 0xc0000000, 'an error');
    },
  },
  {
    name: 'a Close and a Cleanup for unknown contexts are answered with success',
    rule: 'WinFsp: they cannot fail',
    async run({ driver }) {
      for (const one of [kind.CLEANUP, kind.CLOSE]) {
        const response = await driver.send(new Request(one).contexts(1n, 123456n));
        expectStatus(response.status, status.SUCCESS);
      }
    },
  },
  {
    name: 'a Create with a name that is no path is refused',
    rule: 'requests from the kernel are checked too',
    async run({ driver }) {
      for (const name of ['', 'relative', '\\\\double', '\\a\\\\b', '\\..\\x', '\\a/b']) {
        const request = new Request(kind.CREATE, name);
        request
          .u32(16, disposition.OPEN << 24)
          .u32(48, access.READ_ATTRIBUTES)
          .u32(64, 3);
        const response = await driver.send(request);
        expectTrue(response.status >= 0xc0000000, JSON.stringify(name));
      }
    },
  },
  {
    name: 'an unknown IOCTL is refused',
    rule: 'MS-FSA 2.1.5.10: INVALID_DEVICE_REQUEST',
    async run({ win, dir }) {
      const handle = await win.mustOpen(dir);
      const answer = await handle.deviceControl(0x80000000, Buffer.alloc(8), 8);
      expectTrue(answer.status >= 0xc0000000, 'an error');
      await handle.close();
    },
  },
  {
    name: 'two hundred requests of all kinds at once are all answered',
    rule: 'WinFsp: answers may come in any order',
    async run({ win, path, dir }) {
      await win.makeFile(path('a'), Buffer.alloc(100_000, 7));
      const work = Array.from({ length: 200 }, async (_, index) => {
        if (index % 4 === 0) await win.makeFile(path(`file-${index}`), 'x');
        else if (index % 4 === 1) await win.stat(path('a'));
        else if (index % 4 === 2) await win.list(dir);
        else expectEqual((await win.readFile(path('a'))).length, 100_000, 'the length');
      });
      await Promise.all(work);
      expectEqual((await win.list(dir)).length, 51, 'files');
    },
  },
];

const full: readonly Omit<Case, 'on'>[] = [
  {
    name: 'a write that finds no room is DISK_FULL, and a delete makes room',
    rule: 'MS-FSA 2.1.5.4: STATUS_DISK_FULL',
    types: ['ext4'],
    async run({ win, path, driver }) {
      const handle = await win.mustOpen(path('a'), {
        access: access.OWNER,
        disposition: disposition.CREATE,
      });
      const piece = Buffer.alloc(1_048_576, 1);
      let answer: number = status.SUCCESS;
      for (let at = 0; at < 64 && answer === status.SUCCESS; at++) {
        answer = (await handle.write(at * piece.length, piece)).status;
      }
      expectStatus(answer, status.DISK_FULL);
      expectSuccess(await handle.setDisposition(1), 'disposition');
      await handle.close();
      await driver.settle();
      await win.flushVolume();
      await win.makeFile(path('b'), 'there is room');
      expectEqual((await win.readFile(path('b'))).toString(), 'there is room', 'the content');
    },
  },
  {
    name: 'an allocation beyond the free space is refused',
    rule: 'MS-FSA 2.1.5.15.1: STATUS_DISK_FULL',
    async run({ win, path }) {
      const handle = await win.mustOpen(path('a'), {
        access: write,
        disposition: disposition.CREATE,
      });
      expectStatus(await handle.setAllocation(2 ** 33), status.DISK_FULL);
      const { fileSize, allocationSize } = await handle.freshInfo();
      expectEqual(fileSize, 0, 'the size');
      expectTrue(allocationSize < 1_048_576, `what was taken of the disk: ${allocationSize}`);
      await handle.close();
    },
  },
  {
    name: 'a create whose allocation does not fit is refused, and leaves no file',
    rule: 'MS-FSA 2.1.5.1.1: STATUS_DISK_FULL',
    async run({ win, path }) {
      const answer = await win.tryOpen(path('a'), {
        access: write,
        disposition: disposition.CREATE,
        allocationSize: 2 ** 33,
      });
      expectStatus(answer, status.DISK_FULL);
      expectStatus(await win.tryOpen(path('a')), status.OBJECT_NAME_NOT_FOUND, 'the file');
    },
  },
];

/** Calls that a read-only volume refuses, without an effect. */
const readOnly: readonly Omit<Case, 'on'>[] = [
  {
    name: 'reading and listing work',
    rule: readOnlyRule,
    async run({ win, linux, dir, path, linuxPath }) {
      await linux.writeFile(linuxPath('a'), 'x');
      expectEqual((await win.readFile(path('a'))).toString(), 'x', 'the content');
      expectEqual(await win.list(dir), ['a'], 'the listing');
    },
  },
  ...(
    [
      ['a new file', { access: write, disposition: disposition.CREATE }, 'new'],
      [
        'a new directory',
        { disposition: disposition.CREATE, options: option.DIRECTORY_FILE },
        'new',
      ],
      ['open or create of what is not there', { disposition: disposition.OPEN_IF }, 'new'],
      ['opening for writing', { access: write }, 'a'],
      ['superseding what is not there', { disposition: disposition.SUPERSEDE }, 'new'],
      [
        'overwrite or create of what is not there',
        { disposition: disposition.OVERWRITE_IF },
        'new',
      ],
      ['overwriting', { access: write, disposition: disposition.OVERWRITE }, 'a'],
      ['delete on close', { access: access.DELETE, options: option.DELETE_ON_CLOSE }, 'a'],
    ] as const
  ).map(
    ([what, wish, name]): Omit<Case, 'on'> => ({
      name: `${what} is refused`,
      rule: readOnlyRule,
      async run({ win, linux, linuxDir, path, linuxPath }) {
        await linux.writeFile(linuxPath('a'), 'x');
        await linux.chown(linuxPath('a'), 1000, 1000);
        expectStatus(await win.tryOpen(path(name), wish), status.MEDIA_WRITE_PROTECTED);
        expectEqual(await linux.readdir(linuxDir), ['a'], 'the names');
        expectEqual((await linux.readFile(linuxPath('a'))).toString(), 'x', 'the content');
      },
    }),
  ),
  {
    name: 'MAXIMUM_ALLOWED grants neither writing nor deleting',
    rule: readOnlyRule,
    async run({ win, linux, path, linuxPath }) {
      await linux.writeFile(linuxPath('a'), 'x');
      await linux.chown(linuxPath('a'), 1000, 1000);
      const handle = await win.mustOpen(path('a'), { access: access.MAXIMUM_ALLOWED });
      const granted = handle.file.grantedAccess & (access.WRITE_DATA | access.DELETE);
      expectEqual(granted, 0, 'the rights');
      await handle.close();
    },
  },
  ...(['rename', 'remove', 'times', 'EAs'] as const).map(
    (what): Omit<Case, 'on'> => ({
      name: `a change of ${what} is refused`,
      rule: readOnlyRule,
      async run({ win, linux, linuxDir, path, linuxPath }) {
        await linux.writeFile(linuxPath('a'), 'x');
        await linux.chown(linuxPath('a'), 1000, 1000);
        const { handle, status: opened } = await win.open(path('a'), {
          access:
            access.DELETE | access.WRITE_ATTRIBUTES | access.WRITE_EA | access.READ_ATTRIBUTES,
        });
        if (handle === undefined) {
          expectStatus(opened, status.MEDIA_WRITE_PROTECTED, 'already the open');
          return;
        }
        let answer = 0;
        if (what === 'rename') answer = await handle.rename('b');
        else if (what === 'remove') answer = await handle.setDisposition(1);
        else if (what === 'times') answer = await handle.setBasic({ lastWriteTime: 5n });
        else answer = await handle.setEa([{ name: 'A', value: Buffer.from('1') }]);
        await handle.close();
        expectStatus(answer, status.MEDIA_WRITE_PROTECTED);
        expectEqual(await linux.readdir(linuxDir), ['a'], 'the names');
      },
    }),
  ),
];

const faulty: readonly Omit<Case, 'on'>[] = [
  {
    name: 'an unreadable block is an error, and is read when the disk is whole again',
    rule: 'EIO is STATUS_IO_DEVICE_ERROR, and never the end of a file',
    async run({ win, path, kernel, disk, driver }) {
      await win.makeFile(path('a'), Buffer.alloc(200_000, 7));
      await win.flushVolume();
      await driver.settle();
      await kernel.dropCaches();
      const handle = await win.mustOpen(path('a'));
      disk.failsReads = true;
      const answer = await handle.read(100_000, 4096);
      disk.failsReads = false;
      expectStatus(answer.status, status.IO_DEVICE_ERROR);
      const whole = await handle.readAll();
      expectTrue(whole.equals(Buffer.alloc(200_000, 7)), 'afterwards');
      await handle.close();
    },
  },
  {
    name: 'a directory on a disk that cannot be read is an error or whole, and never short',
    rule: 'EIO is STATUS_IO_DEVICE_ERROR, and never the end of a listing',
    async run({ win, path, kernel, disk, driver }) {
      await win.makeDirectory(path('d'));
      for (let i = 0; i < 200; i++) await win.makeFile(path(`d\\file-${i}`));
      await win.flushVolume();
      await driver.settle();
      const handle = await win.mustOpen(path('d'), {
        access: access.READ_DATA | access.SYNCHRONIZE,
        options: option.DIRECTORY_FILE,
      });
      await kernel.dropCaches();
      disk.failsReads = true;
      const answer = await handle.list({ pattern: '*', lengthBytes: 65536 });
      disk.failsReads = false;
      await handle.close();
      if (answer.status === status.SUCCESS) expectEqual(answer.entries.length, 202, 'entries');
      else expectTrue(answer.status >= 0xc0000000, `status 0x${answer.status.toString(16)}`);
    },
  },
  {
    name: 'a read that waits for the disk delays no other request',
    rule: 'WinFsp: answers may come in any order; a Create holds a lock of the driver',
    async run({ win, path, kernel, disk, driver }) {
      await win.makeFile(path('slow'), Buffer.alloc(100_000, 1));
      await win.makeFile(path('other'), 'x');
      await win.flushVolume();
      await driver.settle();
      await kernel.dropCaches();
      const slow = await win.mustOpen(path('slow'));
      // The other requests need only what is in memory.
      expectEqual((await win.readFile(path('other'))).toString(), 'x', 'the other');
      disk.suspend();
      let isRead = false;
      const reading = slow.read(50_000, 4096).then((answer) => {
        isRead = true;
        return answer;
      });
      for (let tries = 0; tries < 100 && disk.waiting === 0; tries++) await setTimeout(10);
      expectTrue(disk.waiting > 0, 'the read waits');
      for (let round = 0; round < 20; round++) {
        expectEqual((await win.readFile(path('other'))).toString(), 'x', 'meanwhile');
      }
      expectEqual(isRead, false, 'the slow read is not done');
      disk.resume();
      expectTrue((await reading).data.equals(Buffer.alloc(4096, 1)), 'the slow read');
      await slow.close();
    },
  },
];

const deadlines: readonly Omit<Case, 'on'>[] = [
  {
    name: 'a read that the disk does not answer ends in time, and the late answer does no harm',
    rule: 'WinFsp: a request that is not answered hangs the program for ever',
    async run({ win, path, kernel, disk, driver }) {
      await win.makeFile(path('a'), Buffer.alloc(1_000_000, 5));
      await win.flushVolume();
      await driver.settle();
      await kernel.dropCaches();
      const handle = await win.mustOpen(path('a'));
      disk.suspend();
      const lengths = [4096, 65_536, 300_000];
      const reads = lengths.map((length) => handle.read(500_000, length));
      for (const answer of await Promise.all(reads)) {
        expectStatus(answer.status, status.IO_TIMEOUT);
      }
      disk.resume();
      // The late answers arrive now, when the request's memory is gone.
      for (let tries = 0; tries < 100 && disk.waiting > 0; tries++) await setTimeout(10);
      const again = await handle.readAll();
      expectTrue(again.equals(Buffer.alloc(1_000_000, 5)), 'afterwards');
      await handle.close();
    },
  },
  {
    name: 'an open that the disk does not answer ends in time, and leaves nothing open',
    rule: 'WinFsp: a Create holds a lock of the driver',
    async run({ win, path, kernel, disk, driver }) {
      await win.makeDirectory(path('d'));
      await win.makeFile(path('d\\a'), 'x');
      await win.flushVolume();
      await driver.settle();
      await kernel.dropCaches();
      disk.suspend();
      const answer = await win.tryOpen(path('d\\a'));
      disk.resume();
      const isKnown = answer === status.SUCCESS || answer === status.IO_TIMEOUT;
      expectTrue(isKnown, `status 0x${answer.toString(16)}`);
      for (let tries = 0; tries < 100 && disk.waiting > 0; tries++) await setTimeout(10);
      expectEqual((await win.readFile(path('d\\a'))).toString(), 'x', 'afterwards');
    },
  },
];

const dying: readonly Omit<Case, 'on'>[] = [
  {
    name: 'after the kernel’s death every answer is VOLUME_DISMOUNTED, and handles can be closed',
    rule: 'a dead kernel fails every waiting request at once',
    async run({ win, path, dir, kernel, driver }) {
      await win.makeFile(path('a'), 'x');
      const handle = await win.mustOpen(path('a'), { access: write });
      await driver.settle();
      const waiting = win.open(path('b'));
      await panic(kernel);
      const late = await waiting;
      if (late.handle !== undefined) await late.handle.close();
      driver.advance(10_000);
      const { VOLUME_DISMOUNTED } = status;
      expectStatus((await handle.read(0, 1)).status, VOLUME_DISMOUNTED, 'read');
      expectStatus((await handle.write(0, 'y')).status, VOLUME_DISMOUNTED, 'write');
      expectStatus(await win.tryOpen(dir), VOLUME_DISMOUNTED, 'open');
      expectStatus((await win.queryVolume()).status, VOLUME_DISMOUNTED, 'volume');
      await handle.close();
      await driver.settle();
    },
  },
];

const on = (volume: NonNullable<Case['on']>, title: string, cases: readonly Omit<Case, 'on'>[]) =>
  cases.map((one): Case => ({ ...one, name: `${title}: ${one.name}`, on: volume }));

export const volumeState: readonly Case[] = [
  ...information,
  ...broken,
  ...on('small', 'full', full),
  ...on('read-only', 'read-only', readOnly),
  ...on('faulty disk', 'disk', faulty),
  ...on('short deadline', 'deadline', deadlines),
  ...on('dying', 'dead', dying),
];
