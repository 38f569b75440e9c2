/** Attributes, times, sizes and indexes: what Windows reads and sets of a file. */
import { type Case, expectEqual, expectStatus, expectTrue } from '../case.ts';
import { access, attribute, disposition, fileTime, status } from '../driver/nt.ts';
import { expectSuccess } from '../driver/program.ts';

const basicRule = 'MS-FSA 2.1.5.15.2 FileBasicInformation';
const sets = { access: access.FILE_GENERIC_READ | access.WRITE_ATTRIBUTES };
const { READONLY, HIDDEN, SYSTEM, ARCHIVE, DIRECTORY, NORMAL, TEMPORARY, OFFLINE } = attribute;
const { NOT_CONTENT_INDEXED } = attribute;

const attributesKept: Case[] = (
  [
    ['HIDDEN', HIDDEN],
    ['SYSTEM', SYSTEM],
    ['ARCHIVE', ARCHIVE],
    ['READONLY', READONLY],
    ['TEMPORARY', TEMPORARY],
    ['OFFLINE', OFFLINE],
    ['NOT_CONTENT_INDEXED', NOT_CONTENT_INDEXED],
    ['HIDDEN and SYSTEM', HIDDEN | SYSTEM],
    ['READONLY, HIDDEN and ARCHIVE', READONLY | HIDDEN | ARCHIVE],
  ] as const
).map(
  ([what, attributes]): Case => ({
    name: `${what} is set, kept when the file is closed, and cleared again`,
    rule: basicRule,
    async run({ win, path, driver }) {
      await win.makeFile(path('a'), 'x');
      const handle = await win.mustOpen(path('a'), sets);
      expectSuccess(await handle.setBasic({ attributes }), 'set');
      await handle.close();
      driver.advance(5000);
      expectEqual((await win.stat(path('a'))).fileAttributes, attributes, 'set');
      const again = await win.mustOpen(path('a'), sets);
      expectSuccess(await again.setBasic({ attributes: NORMAL }), 'clear');
      await again.close();
      driver.advance(5000);
      expectEqual((await win.stat(path('a'))).fileAttributes, NORMAL, 'taken away');
    },
  }),
);

/** Seconds and nanoseconds that a file system with 256-byte inodes (bigtime for XFS) keeps. */
const times: readonly (readonly [string, number, number])[] = [
  ['of today, to 100 ns', 1_767_225_600, 123_456_700],
  ['of 1970', 0, 0],
  ['before 1970', -86_400, 500_000_000],
  ['of 2038, a second after the end of 31 bits', 2_147_483_648, 0],
  ['of 2100', 4_102_444_800, 999_999_900],
];

const timesKept: Case[] = times.map(
  ([what, sec, nsec]): Case => ({
    name: `a time of the last write and the last access ${what} is kept`,
    rule: basicRule,
    async run({ win, linux, path, linuxPath, driver }) {
      await win.makeFile(path('a'), 'x');
      const handle = await win.mustOpen(path('a'), sets);
      const time = fileTime(sec, nsec);
      expectSuccess(await handle.setBasic({ lastWriteTime: time, lastAccessTime: time }), 'set');
      await handle.close();
      driver.advance(5000);
      const { lastWriteTime, lastAccessTime } = await win.stat(path('a'));
      expectEqual(lastWriteTime, time, 'the last write');
      expectEqual(lastAccessTime, time, 'the last access');
      const { mtime } = await linux.statx(linuxPath('a'));
      expectEqual([mtime.sec, mtime.nsec], [sec, nsec], 'for Linux');
    },
  }),
);

export const metadata: readonly Case[] = [
  ...attributesKept,
  ...timesKept,
  {
    name: 'a time of creation is kept when the file is closed',
    rule: 'robocopy /COPY:T: the time of creation goes with the file',
    async run({ win, path, driver }) {
      await win.makeFile(path('a'), 'x');
      const handle = await win.mustOpen(path('a'), sets);
      const time = fileTime(1_000_000_000, 123_456_700);
      expectSuccess(await handle.setBasic({ creationTime: time }), 'set');
      await handle.close();
      driver.advance(5000);
      expectEqual((await win.stat(path('a'))).creationTime, time, 'the creation');
    },
  },
  {
    name: 'a time of creation of a directory is kept',
    rule: 'robocopy /DCOPY:T',
    async run({ win, path, driver }) {
      await win.makeDirectory(path('d'));
      const handle = await win.mustOpen(path('d'), sets);
      const time = fileTime(1_000_000_000);
      expectSuccess(await handle.setBasic({ creationTime: time, lastWriteTime: time }), 'set');
      await handle.close();
      driver.advance(5000);
      const { creationTime, lastWriteTime } = await win.stat(path('d'));
      expectEqual([creationTime, lastWriteTime], [time, time], 'creation and last write');
    },
  },
  {
    name: 'by default the time of creation is the inode’s time of birth',
    rule: 'statx(2): stx_btime',
    async run({ win, linux, path, linuxPath }) {
      await linux.writeFile(linuxPath('a'), 'x');
      const { btime } = await linux.statx(linuxPath('a'));
      const { creationTime } = await win.stat(path('a'));
      expectEqual(creationTime, fileTime(btime.sec, btime.nsec), 'the creation');
    },
  },
  {
    name: 'ChangeTime is the time of the last change of the inode',
    rule: 'statx(2): stx_ctime',
    async run({ win, linux, path, linuxPath }) {
      await linux.writeFile(linuxPath('a'), 'x');
      const { ctime } = await linux.statx(linuxPath('a'));
      const { changeTime } = await win.stat(path('a'));
      expectEqual(changeTime, fileTime(ctime.sec, ctime.nsec), 'the change');
    },
  },
  {
    name: 'a time that is set is not undone by the write before it',
    rule: 'MS-FSA 2.1.5.15.2: the times of an open that set them are its own',
    async run({ win, path, driver }) {
      const handle = await win.mustOpen(path('a'), {
        access: access.OWNER,
        disposition: disposition.CREATE,
      });
      await handle.write(0, 'content');
      const time = fileTime(1_000_000_000);
      expectSuccess(await handle.setBasic({ lastWriteTime: time }), 'set');
      await handle.close();
      driver.advance(5000);
      expectEqual((await win.stat(path('a'))).lastWriteTime, time, 'the last write');
    },
  },
  {
    name: 'setting one time leaves the others',
    rule: 'MS-FSCC 2.4.7: 0 leaves a time as it is',
    async run({ win, linux, path, linuxPath }) {
      await linux.writeFile(linuxPath('a'), 'x');
      await linux.chown(linuxPath('a'), 1000, 1000);
      await linux.utimesNs(linuxPath('a'), 111_000_000_000n, 222_000_000_000n);
      const handle = await win.mustOpen(path('a'), sets);
      expectSuccess(await handle.setBasic({ lastAccessTime: fileTime(333) }), 'set');
      const { lastAccessTime, lastWriteTime } = await handle.freshInfo();
      expectEqual([lastAccessTime, lastWriteTime], [fileTime(333), fileTime(222)], 'the times');
      await handle.close();
    },
  },
  {
    name: 'a time of -1 changes nothing',
    rule: 'MS-FSCC 2.4.7: -1 is "do not update", not a time',
    async run({ win, linux, path, linuxPath }) {
      await linux.writeFile(linuxPath('a'), 'x');
      await linux.chown(linuxPath('a'), 1000, 1000);
      await linux.utimesNs(linuxPath('a'), 111_000_000_000n, 222_000_000_000n);
      const handle = await win.mustOpen(path('a'), sets);
      expectSuccess(await handle.setBasic({ lastWriteTime: -1n }), 'set');
      expectEqual((await handle.freshInfo()).lastWriteTime, fileTime(222), 'the last write');
      await handle.close();
    },
  },
  {
    name: 'attributes of 0 change nothing',
    rule: 'MS-FSCC 2.4.7: 0 leaves the attributes as they are',
    async run({ win, path }) {
      await win.makeFile(path('a'), '', { attributes: HIDDEN });
      const handle = await win.mustOpen(path('a'), sets);
      const before = (await handle.info()).fileAttributes;
      expectSuccess(await handle.setBasic({ lastWriteTime: fileTime(5) }), 'set');
      expectEqual((await handle.freshInfo()).fileAttributes, before, 'the attributes');
      await handle.close();
    },
  },
  {
    name: 'a change of attributes without WRITE_ATTRIBUTES is refused',
    rule: basicRule,
    async run({ win, path }) {
      await win.makeFile(path('a'));
      const handle = await win.mustOpen(path('a'));
      expectStatus(await handle.setBasic({ attributes: HIDDEN }), status.ACCESS_DENIED);
      await handle.close();
    },
  },
  {
    name: 'READONLY removes the write bits of the mode; clearing it restores the owner’s',
    rule: 'chmod(2): a-w, u+w',
    async run({ win, linux, path, linuxPath }) {
      await linux.writeFile(linuxPath('a'), 'x');
      await linux.chown(linuxPath('a'), 1000, 1000);
      await linux.chmod(linuxPath('a'), 0o755);
      const handle = await win.mustOpen(path('a'), sets);
      expectSuccess(await handle.setBasic({ attributes: READONLY }), 'set');
      expectEqual((await linux.stat(linuxPath('a'))).mode & 0o777, 0o555, 'READONLY');
      expectSuccess(await handle.setBasic({ attributes: NORMAL }), 'clear');
      const mode = (await linux.stat(linuxPath('a'))).mode & 0o777;
      expectEqual([mode & 0o200, mode & 0o111], [0o200, 0o111], 'not any more');
      await handle.close();
    },
  },
  {
    name: 'READONLY on a directory refuses nothing inside it',
    rule: 'NTFS: READONLY of a directory is a mark for Explorer',
    async run({ win, path }) {
      await win.makeDirectory(path('d'));
      const handle = await win.mustOpen(path('d'), sets);
      expectSuccess(await handle.setBasic({ attributes: READONLY }), 'set');
      const { fileAttributes } = await handle.freshInfo();
      expectEqual(fileAttributes, READONLY | DIRECTORY, 'the attributes');
      await handle.close();
      await win.makeFile(path('d\\a'), 'x');
      expectSuccess(await win.remove(path('d\\a')), 'a file in it');
    },
  },
  {
    name: 'attributes are kept in user.DOSATTRIB, in Samba’s format',
    rule: 'Samba: store dos attributes',
    async run({ win, linux, path, linuxPath }) {
      await win.makeFile(path('a'), '', { attributes: HIDDEN | SYSTEM });
      const value = await linux.getxattr(linuxPath('a'), 'user.DOSATTRIB');
      expectTrue(value !== undefined, 'the attribute is there');
    },
  },
  {
    name: 'attributes in Samba’s old text form are shown: 0x22 is HIDDEN and ARCHIVE',
    rule: 'Samba: store dos attributes, before version 3.5',
    async run({ win, linux, path, linuxPath }) {
      await linux.writeFile(linuxPath('a'), '');
      await linux.setxattr(linuxPath('a'), 'user.DOSATTRIB', '0x22\0');
      expectEqual((await win.stat(path('a'))).fileAttributes, HIDDEN | ARCHIVE, 'attributes');
    },
  },
  {
    name: 'a file that Windows has never changed has ARCHIVE, like every new file',
    rule: 'MS-FSA 2.1.5.1.1: FILE_ATTRIBUTE_ARCHIVE of a new file',
    async run({ win, linux, path, linuxPath }) {
      await linux.writeFile(linuxPath('a'), '');
      expectEqual((await win.stat(path('a'))).fileAttributes, ARCHIVE, 'the attributes');
    },
  },
  {
    name: 'a file with a hole is SPARSE_FILE, and its allocation is less than its size',
    rule: 'MS-FSCC 2.6: FILE_ATTRIBUTE_SPARSE_FILE',
    async run({ win, linux, path, linuxPath }) {
      await linux.writeFile(linuxPath('a'), '');
      await linux.truncate(linuxPath('a'), 10_000_000);
      const { fileAttributes, fileSize, allocationSize } = await win.stat(path('a'));
      expectTrue((fileAttributes & attribute.SPARSE_FILE) !== 0, 'sparse');
      expectTrue(allocationSize < fileSize, `room: ${allocationSize}`);
    },
  },
  {
    name: 'writing sets ARCHIVE at cleanup',
    rule: 'MS-FSA 2.1.5.5: FILE_ATTRIBUTE_ARCHIVE (WinFsp: SetArchiveBit)',
    async run({ win, linux, path, linuxPath, driver }) {
      await linux.writeFile(linuxPath('a'), 'x');
      await linux.chown(linuxPath('a'), 1000, 1000);
      const handle = await win.mustOpen(path('a'), { access: access.FILE_GENERIC_WRITE });
      await handle.write(0, 'y');
      await handle.close();
      driver.advance(5000);
      expectTrue(((await win.stat(path('a'))).fileAttributes & ARCHIVE) !== 0, 'ARCHIVE');
    },
  },
  {
    name: 'attributes that were set before a write stay',
    rule: 'WinFsp: no SetArchiveBit where the attributes were set',
    async run({ win, path, driver }) {
      await win.makeFile(path('a'), 'x');
      const handle = await win.mustOpen(path('a'), { access: access.OWNER });
      expectSuccess(await handle.setBasic({ attributes: NORMAL }), 'set');
      await handle.write(0, 'y');
      await handle.close();
      driver.advance(5000);
      expectEqual((await win.stat(path('a'))).fileAttributes, NORMAL, 'the attributes');
    },
  },
  {
    name: 'the index is the inode number, the same for both names of a file',
    rule: 'MS-FSCC 2.4.22 FileInternalInformation',
    async run({ win, linux, path, linuxPath }) {
      await linux.writeFile(linuxPath('a'), 'x');
      await linux.link(linuxPath('a'), linuxPath('b'));
      const { ino } = await linux.stat(linuxPath('a'));
      expectEqual((await win.stat(path('a'))).indexNumber, BigInt(ino), 'one name');
      expectEqual((await win.stat(path('b'))).indexNumber, BigInt(ino), 'the other');
    },
  },
  {
    name: 'a file with two names has two links',
    rule: 'MS-FSCC 2.4.41 FileStandardInformation: NumberOfLinks (the driver ignores it)',
    async run({ win, linux, path, linuxPath }) {
      await linux.writeFile(linuxPath('a'), 'x');
      await linux.link(linuxPath('a'), linuxPath('b'));
      expectEqual((await win.stat(path('a'))).hardLinks, 2, 'links');
    },
  },
  {
    name: 'a directory has size 0 and allocation 0',
    rule: 'MS-FSCC 2.4.41 FileStandardInformation of a directory',
    async run({ win, path }) {
      await win.makeDirectory(path('d'));
      const handle = await win.mustOpen(path('d'));
      const { standard } = await handle.queryStandard();
      expectEqual([standard?.endOfFile, standard?.allocationSize], [0, 0], 'sizes');
      expectEqual(standard?.directory, true, 'a directory');
      await handle.close();
    },
  },
  {
    name: 'FileStandardInformation shows that a delete is pending',
    rule: 'MS-FSCC 2.4.41 FileStandardInformation',
    async run({ win, path }) {
      await win.makeFile(path('a'));
      const handle = await win.mustOpen(path('a'), { access: access.OWNER });
      expectSuccess(await handle.setDisposition(1), 'disposition');
      expectEqual((await handle.queryStandard()).standard?.deletePending, true, 'pending');
      await handle.close();
    },
  },
  {
    name: 'a file that grows on one handle has its new size on the other',
    rule: 'WinFsp: FileInfo of the answer to Write',
    async run({ win, path }) {
      await win.makeFile(path('a'), 'x');
      const reader = await win.mustOpen(path('a'));
      const writer = await win.mustOpen(path('a'), { access: access.FILE_GENERIC_WRITE });
      await writer.write(0, 'longer');
      expectEqual((await reader.info()).fileSize, 6, 'the size');
      await writer.close();
      await reader.close();
    },
  },
  {
    name: 'a deleted file that is still open has its information',
    rule: 'Linux fstat(2) after unlink(2)',
    async run({ win, path }) {
      await win.makeFile(path('a'), 'content');
      const handle = await win.mustOpen(path('a'));
      expectSuccess(await win.remove(path('a')), 'remove');
      expectEqual((await handle.freshInfo()).fileSize, 7, 'the size');
      await handle.close();
    },
  },
  {
    name: 'a name with a dot in front is not hidden',
    rule: 'HIDDEN is what user.DOSATTRIB says, whatever the name is',
    async run({ win, path }) {
      await win.makeFile(path('.profile'));
      expectEqual((await win.stat(path('.profile'))).fileAttributes & HIDDEN, 0, 'HIDDEN');
    },
  },
];
