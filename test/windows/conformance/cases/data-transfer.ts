/** Reading, writing, sizes, mapped files, and requests that come late. */
import { type Case, expectEqual, expectStatus, expectTrue, type Scene } from '../case.ts';
import { endOfFile, pageBytes } from '../driver/data.ts';
import { access, attribute, disposition, option, status } from '../driver/nt.ts';
import { expectSuccess, type Handle } from '../driver/program.ts';

const write = access.FILE_GENERIC_READ | access.FILE_GENERIC_WRITE;
const readRule = 'MS-FSA 2.1.5.3 Server Requests a Read';
const writeRule = 'MS-FSA 2.1.5.4 Server Requests a Write';
const endRule = 'MS-FSA 2.1.5.15.4 FileEndOfFileInformation';
const allocationRule = 'MS-FSA 2.1.5.15.1 FileAllocationInformation';
const gib = 1024 ** 3;

function make(scene: Scene, name = 'a', rights = write): Promise<Handle> {
  return scene.win.mustOpen(scene.path(name), {
    access: rights,
    disposition: disposition.OPEN_IF,
  });
}

/** Reads around the end of "0123456789". */
const reads: readonly (readonly [string, number, number, string | number])[] = [
  ['the whole file', 0, 10, '0123456789'],
  ['a part', 3, 4, '3456'],
  ['over the end: what there is', 8, 100, '89'],
  ['at the end', 10, 1, status.END_OF_FILE],
  ['beyond the end', 1000, 10, status.END_OF_FILE],
  ['beyond 4 GiB', 5 * gib, 10, status.END_OF_FILE],
  ['nothing', 5, 0, ''],
  ['nothing beyond the end', 50, 0, ''],
];

const readTable: Case[] = reads.map(
  ([what, offset, length, expected]): Case => ({
    name: `reading ${what}`,
    rule: readRule,
    async run(scene) {
      await scene.win.makeFile(scene.path('a'), '0123456789');
      const handle = await scene.win.mustOpen(scene.path('a'));
      const answer = await handle.read(offset, length);
      if (typeof expected === 'number') expectStatus(answer.status, expected);
      else {
        expectStatus(answer.status, status.SUCCESS);
        expectEqual(answer.data.toString(), expected, 'the bytes');
      }
      await handle.close();
    },
  }),
);

const lengths = [1, 511, 512, 4095, 4096, 4097, 65535, 65536, 65537, 1_000_000];
const lengthTable: Case[] = lengths.map(
  (length): Case => ({
    name: `a write of ${length} bytes, and the same read back in one piece and in pieces of 4099`,
    rule: writeRule,
    async run(scene) {
      const handle = await make(scene);
      const bytes = Buffer.from(Array.from({ length }, (_, index) => (index * 7 + 3) & 0xff));
      const answer = await handle.write(0, bytes);
      expectEqual([answer.status, answer.written], [0, length], 'status and count');
      const whole = await handle.read(0, length);
      expectTrue(whole.data.equals(bytes), 'in one piece');
      expectTrue((await handle.readAll(4099)).equals(bytes), 'in pieces');
      await handle.close();
    },
  }),
);

export const dataTransfer: readonly Case[] = [
  ...readTable,
  ...lengthTable,
  {
    name: 'an empty file ends where it begins',
    rule: readRule,
    async run(scene) {
      await scene.win.makeFile(scene.path('a'));
      const handle = await scene.win.mustOpen(scene.path('a'));
      expectStatus((await handle.read(0, 1)).status, status.END_OF_FILE);
      await handle.close();
    },
  },
  {
    name: 'a directory has no content to read or write',
    rule: readRule,
    async run({ win, path }) {
      await win.makeDirectory(path('d'));
      const handle = await win.mustOpen(path('d'), { access: write });
      expectStatus((await handle.read(0, 1)).status, status.INVALID_DEVICE_REQUEST, 'read');
      expectStatus((await handle.write(0, 'x')).status, status.INVALID_DEVICE_REQUEST, 'write');
      await handle.close();
    },
  },
  {
    name: 'a write beyond the end leaves a hole of zeros',
    rule: writeRule,
    async run(scene) {
      const handle = await make(scene);
      await handle.write(100_000, 'end');
      const bytes = await handle.readAll();
      expectEqual(bytes.length, 100_003, 'the size');
      expectTrue(
        bytes.subarray(0, 100_000).every((byte) => byte === 0),
        'the hole',
      );
      await handle.close();
    },
  },
  {
    name: 'an offset of -1 appends',
    rule: 'MS-FSA 2.1.5.4: ByteOffset -1 is the end of the file',
    async run(scene) {
      await scene.win.makeFile(scene.path('a'), 'begin ');
      const handle = await make(scene);
      expectEqual((await handle.write(endOfFile, 'end')).written, 3, 'written');
      expectEqual((await handle.readAll()).toString(), 'begin end', 'the content');
      await handle.close();
    },
  },
  {
    name: 'a handle with APPEND_DATA alone appends, whatever the offset',
    rule: 'NtWriteFile: FILE_APPEND_DATA without FILE_WRITE_DATA',
    async run(scene) {
      await scene.win.makeFile(scene.path('log'), 'one\n');
      const rights = access.APPEND_DATA | access.SYNCHRONIZE | access.READ_ATTRIBUTES;
      const handle = await make(scene, 'log', rights);
      await handle.write(0, 'two\n');
      await handle.write(0, 'three\n');
      await handle.close();
      const text = (await scene.win.readFile(scene.path('log'))).toString();
      expectEqual(text, 'one\ntwo\nthree\n', 'the content');
    },
  },
  {
    name: 'twenty handles append at once, and every append is there, whole',
    rule: 'MS-FSA 2.1.5.4: an append is one step',
    async run(scene) {
      await scene.win.makeFile(scene.path('log'));
      const handles = await Promise.all(Array.from({ length: 20 }, () => make(scene, 'log')));
      await Promise.all(
        handles.map((handle, index) =>
          handle.write(endOfFile, `${String(index).padEnd(99, '.')}\n`),
        ),
      );
      for (const handle of handles) await handle.close();
      const lines = (await scene.win.readFile(scene.path('log'))).toString().split('\n');
      const seen = lines.slice(0, -1).map((line) => Number(line.split('.')[0]));
      expectEqual(
        seen.sort((a, b) => a - b),
        [...Array(20).keys()],
        'the lines',
      );
    },
  },
  {
    name: 'a write answers the file’s new size',
    rule: 'WinFsp: FileInfo of the answer to Write',
    async run(scene) {
      const handle = await make(scene);
      await handle.write(0, 'twelve bytes');
      expectEqual(handle.file.node.info?.value.fileSize, 12, 'in the answer');
      expectEqual((await handle.freshInfo()).fileSize, 12, 'asked again');
      await handle.close();
    },
  },
  {
    name: 'a write sets the time of the last write',
    rule: 'MS-FSA 2.1.5.4: LastModificationTime',
    async run(scene) {
      const { linux, linuxPath } = scene;
      await scene.win.makeFile(scene.path('a'), 'x');
      await linux.utimes(linuxPath('a'), 1000, 1000);
      const handle = await make(scene);
      await handle.write(0, 'y');
      await handle.close();
      expectTrue((await linux.stat(linuxPath('a'))).mtimeMs > 1e12, 'the time is of now');
    },
  },
  {
    name: 'the end of file moves down, and the rest is gone',
    rule: endRule,
    async run(scene) {
      await scene.win.makeFile(scene.path('a'), '0123456789');
      const handle = await make(scene);
      expectSuccess(await handle.setEndOfFile(4), 'end of file');
      expectSuccess(await handle.setEndOfFile(8), 'end of file');
      expectEqual((await handle.readAll()).toString('latin1'), '0123\0\0\0\0', 'the content');
      await handle.close();
    },
  },
  {
    name: 'the end of file moves up, and zeros fill the gap, which is a hole',
    rule: endRule,
    async run(scene) {
      const handle = await make(scene);
      expectSuccess(await handle.setEndOfFile(1_000_000), 'end of file');
      const { fileAttributes } = await handle.freshInfo();
      expectTrue((fileAttributes & attribute.SPARSE_FILE) !== 0, 'SPARSE_FILE');
      const bytes = await handle.readAll();
      expectEqual(bytes.length, 1_000_000, 'the size');
      expectTrue(
        bytes.every((byte) => byte === 0),
        'zeros',
      );
      await handle.close();
    },
  },
  {
    name: 'the end of file without WRITE_DATA is refused',
    rule: endRule,
    async run(scene) {
      await scene.win.makeFile(scene.path('a'), 'x');
      const handle = await scene.win.mustOpen(scene.path('a'));
      expectStatus(await handle.setEndOfFile(0), status.ACCESS_DENIED);
      await handle.close();
    },
  },
  {
    name: 'an allocation below the size truncates',
    rule: allocationRule,
    async run(scene) {
      await scene.win.makeFile(scene.path('a'), Buffer.alloc(10_000, 1));
      const handle = await make(scene);
      expectSuccess(await handle.setAllocation(4096), 'allocation');
      expectEqual((await handle.freshInfo()).fileSize, 4096, 'the size');
      await handle.close();
    },
  },
  {
    name: 'an allocation above the size reserves space and leaves the size',
    rule: allocationRule,
    async run(scene) {
      await scene.win.makeFile(scene.path('a'), 'x');
      const handle = await make(scene);
      expectSuccess(await handle.setAllocation(1_048_576), 'allocation');
      const { fileSize, allocationSize } = await handle.freshInfo();
      expectEqual(fileSize, 1, 'the size');
      expectTrue(allocationSize >= 1_048_576, `room: ${allocationSize}`);
      await handle.close();
    },
  },
  {
    name: 'reserved space that was not used is given back at cleanup',
    rule: 'WinFsp: Cleanup with SetAllocationSize',
    async run(scene) {
      await scene.win.makeFile(scene.path('a'), 'x');
      const handle = await make(scene);
      expectSuccess(await handle.setAllocation(8_388_608), 'allocation');
      await handle.close();
      await scene.driver.settle();
      const { blocks } = await scene.linux.stat(scene.linuxPath('a'));
      expectTrue(blocks * 512 < 1_048_576, `blocks: ${blocks}`);
    },
  },
  {
    name: 'an allocation of nothing empties the file',
    rule: allocationRule,
    async run(scene) {
      await scene.win.makeFile(scene.path('a'), 'content');
      const handle = await make(scene);
      expectSuccess(await handle.setAllocation(0), 'allocation');
      expectEqual((await handle.freshInfo()).fileSize, 0, 'the size');
      await handle.close();
    },
  },
  {
    name: 'bytes beyond 4 GiB are written and read at their offset',
    rule: writeRule,
    async run(scene) {
      const handle = await make(scene);
      await handle.write(5 * gib, 'far');
      await handle.write(gib, 'near');
      expectEqual((await handle.read(5 * gib, 3)).data.toString(), 'far', 'far');
      expectEqual((await handle.read(gib, 4)).data.toString(), 'near', 'near');
      const info = await handle.freshInfo();
      expectEqual(info.fileSize, 5 * gib + 3, 'the size');
      expectTrue(info.allocationSize < gib, `room: ${info.allocationSize}`);
      expectTrue((info.fileAttributes & attribute.SPARSE_FILE) !== 0, 'it is sparse');
      await handle.close();
    },
  },
  {
    name: 'an end of file beyond 16 TiB is refused',
    rule: 'Linux on 32 bits: EFBIG',
    async run(scene) {
      const handle = await make(scene);
      const answer = await handle.setEndOfFile(2 ** 45);
      expectTrue(answer !== status.SUCCESS, 'it is refused');
      expectEqual((await handle.freshInfo()).fileSize, 0, 'the size');
      await handle.close();
    },
  },
  {
    name: 'paging writes never extend a file',
    rule: 'MS-FSA 2.1.5.4: paging I/O is clipped to the size (WinFsp: ConstrainedIo)',
    async run(scene) {
      await scene.win.makeFile(scene.path('a'), Buffer.alloc(5000, 0x61));
      const handle = await make(scene);
      const section = handle.map();
      await section.store(4096, Buffer.from('B'));
      expectEqual(await section.unmap(), [status.SUCCESS], 'the page writes');
      expectEqual((await handle.freshInfo()).fileSize, 5000, 'the size');
      const bytes = await handle.readAll();
      expectEqual(bytes.length, 5000, 'what is read');
      expectEqual(bytes.toString('latin1', 4095, 4098), 'aBa', 'the content');
      await handle.close();
    },
  },
  {
    name: 'a paging write wholly beyond the size succeeds and writes nothing',
    rule: 'MS-FSA 2.1.5.4: paging I/O is clipped to the size (WinFsp: ConstrainedIo)',
    async run(scene) {
      await scene.win.makeFile(scene.path('a'), Buffer.alloc(3 * pageBytes, 0x61));
      const handle = await make(scene);
      const section = handle.map();
      await section.store(2 * pageBytes, Buffer.from('B'));
      expectSuccess(await handle.setEndOfFile(100), 'end of file');
      expectEqual(await section.unmap(), [status.SUCCESS], 'the page writes');
      expectEqual((await handle.freshInfo()).fileSize, 100, 'the size');
      await handle.close();
    },
  },
  {
    name: 'paging writes come after the handle is cleaned up',
    rule: 'WinFsp: paging I/O between Cleanup and Close',
    async run(scene) {
      await scene.win.makeFile(scene.path('a'), Buffer.alloc(8192, 0x61));
      const handle = await make(scene);
      const section = handle.map();
      await section.store(0, Buffer.from('first'));
      await section.store(pageBytes, Buffer.from('second'));
      await handle.close();
      expectEqual(await section.unmap(), [0, 0], 'the page writes');
      const text = (await scene.win.readFile(scene.path('a'))).toString('latin1');
      expectEqual([text.slice(0, 5), text.slice(4096, 4102)], ['first', 'second'], 'the content');
    },
  },
  {
    name: 'paging writes succeed after the file was deleted',
    rule: 'WinFsp: paging I/O on a deleted file is no error',
    async run(scene) {
      const { win, path } = scene;
      await win.makeFile(path('a'), Buffer.alloc(8192, 0x61));
      const handle = await make(scene);
      const section = handle.map();
      await section.store(0, Buffer.from('late'));
      await handle.close();
      expectSuccess(await win.remove(path('a')), 'remove');
      await win.makeFile(path('a'), 'a new one');
      expectEqual(await section.unmap(), [status.SUCCESS], 'the page writes');
      expectEqual((await win.readFile(path('a'))).toString(), 'a new one', 'the new file');
    },
  },
  {
    name: 'a mapped page shows what was written before its first use',
    rule: 'CreateFileMapping: coherent with ReadFile and WriteFile',
    async run(scene) {
      await scene.win.makeFile(scene.path('a'), Buffer.alloc(pageBytes, 0x61));
      const handle = await make(scene);
      await handle.write(10, 'written');
      const section = handle.map();
      expectEqual((await section.load(10, 7)).toString(), 'written', 'what is mapped');
      await section.unmap();
      await handle.close();
    },
  },
  {
    name: 'a flush succeeds on a handle with write access, and is refused without',
    rule: 'MS-FSA 2.1.5.7 Server Requests Flushing Cached Data',
    async run(scene) {
      await scene.win.makeFile(scene.path('a'), 'x');
      const writer = await make(scene);
      await writer.write(0, 'y');
      expectStatus(await writer.flush(), status.SUCCESS, 'the writer');
      const reader = await scene.win.mustOpen(scene.path('a'));
      expectStatus(await reader.flush(), status.ACCESS_DENIED, 'the reader');
      await reader.close();
      await writer.close();
    },
  },
  {
    name: 'a flush of the volume succeeds',
    rule: 'WinFsp: FlushBuffers without contexts is the whole volume',
    async run({ win, path }) {
      await win.makeFile(path('a'), 'x');
      expectStatus(await win.flushVolume(), status.SUCCESS);
    },
  },
  {
    name: 'overlapping writes and reads of many handles end as if they ran one by one',
    rule: writeRule,
    async run(scene) {
      await scene.win.makeFile(scene.path('a'), Buffer.alloc(100_000));
      const handles = await Promise.all(Array.from({ length: 8 }, () => make(scene)));
      await Promise.all(
        handles.map(async (handle, index) => {
          await handle.write(0, Buffer.alloc(100_000, index + 1));
          const { data } = await handle.read(0, 100_000);
          expectTrue(
            data.every((byte) => byte === data[0]),
            'a read is of one write',
          );
        }),
      );
      for (const handle of handles) await handle.close();
      const bytes = await scene.win.readFile(scene.path('a'));
      expectTrue(
        bytes.every((byte) => byte === bytes[0]),
        'the file is of one write',
      );
    },
  },
  {
    name: 'sequential and random access are hints and change nothing',
    rule: 'NtCreateFile: FILE_SEQUENTIAL_ONLY, FILE_RANDOM_ACCESS',
    async run({ win, path }) {
      await win.makeFile(path('a'), 'x');
      for (const options of [option.SEQUENTIAL_ONLY, option.RANDOM_ACCESS]) {
        const handle = await win.mustOpen(path('a'), { options });
        expectEqual((await handle.readAll()).toString(), 'x', 'the content');
        await handle.close();
      }
    },
  },
];
