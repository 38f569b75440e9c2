import { Buffer } from 'node:buffer';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { VolumeFs } from '../../../src/node-fs/volume-fs.ts';
import { abi } from '../../../src/vfs-linux/abi.gen.ts';
import { cannotMount, type FreshVolume, mountFresh } from '../../support/kernel-volume.ts';
import { describeUnless } from '../../support/needs.ts';

const reason = cannotMount();

describeUnless(reason)('a FileHandle (ext4)', () => {
  let mounted: FreshVolume;
  let fs: VolumeFs;
  beforeAll(async () => {
    mounted = await mountFresh('ext4');
    ({ fs } = mounted);
  }, 30_000);
  afterAll(() => mounted?.close());
  beforeEach(() => fs.writeFile('/file', '0123456789'));

  test('continues reading at its position, also when several reads run at once', async () => {
    await using handle = await fs.open('/file');
    const pieces = await Promise.all([3, 3, 3, 3].map((length) => handle.read({ length })));
    expect(pieces.map(({ bytesRead }) => bytesRead)).toEqual([3, 3, 3, 1]);
    const texts = pieces.map((piece) => piece.buffer.toString('utf8', 0, piece.bytesRead));
    expect(texts).toEqual(['012', '345', '678', '9']);
  });

  test('accepts every form of arguments that Node has for read', async () => {
    await using handle = await fs.open('/file');
    const buffer = Buffer.alloc(4, '-');
    expect(await handle.read(buffer, 1, 2, 5)).toEqual({ bytesRead: 2, buffer });
    expect(buffer.toString()).toBe('-56-');
    await handle.read(buffer, { offset: 3, position: 0n });
    expect(buffer.toString()).toBe('-560');
    const words = new Uint16Array(2);
    expect((await handle.read({ buffer: words, position: 0 })).buffer).toBe(words);
    expect([...words]).toEqual([0x3130, 0x3332]);
    expect((await handle.read()).buffer.length).toBe(16384);
    expect((await handle.read(Buffer.alloc(3), 0, 0)).bytesRead).toBe(0);
    await expect(handle.read(buffer, 2, 3)).rejects.toMatchObject({ code: 'ERR_OUT_OF_RANGE' });
  });

  test('fills a buffer of many windows with one read', async () => {
    const content = Buffer.alloc(3 * 1048576 + 77, 'abcdefg');
    await fs.writeFile('/big', content);
    await using handle = await fs.open('/big');
    const buffer = Buffer.alloc(content.length + 1000);
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
    expect(bytesRead).toBe(content.length);
    expect(buffer.subarray(0, bytesRead).equals(content)).toBe(true);
  });

  test('appends at the end, whatever its position is', async () => {
    await using handle = await fs.open('/file', 'a+');
    expect((await handle.read(Buffer.alloc(4))).buffer.toString()).toBe('0123');
    await handle.write('AB', 2);
    await handle.appendFile('CD');
    expect((await handle.read({ length: 4, buffer: Buffer.alloc(4) })).bytesRead).toBe(0);
    expect(await fs.readFile('/file', 'utf8')).toBe('0123456789ABCD');
  });

  test('writes from and reads into several buffers', async () => {
    await using handle = await fs.open('/vectors', 'w+');
    const parts = Array.from({ length: 700 }, (_, index) => Buffer.alloc(3000, index));
    expect((await handle.writev(parts)).bytesWritten).toBe(2_100_000);
    const into = [Buffer.alloc(1), Buffer.alloc(2_000_000), Buffer.alloc(200_000)];
    expect((await handle.readv(into, 0)).bytesRead).toBe(2_100_000);
    expect(Buffer.concat(into).subarray(0, 2_100_000).equals(Buffer.concat(parts))).toBe(true);
  });

  test('is closed once, after the operations under way, and is EBADF from then on', async () => {
    const handle = await fs.open('/file');
    const reading = handle.readFile('utf8');
    const closings = [handle.close(), handle.close()];
    await expect(handle.read()).rejects.toMatchObject({ code: 'EBADF', syscall: 'read' });
    await Promise.all(closings);
    expect(await reading).toBe('0123456789');
    expect(handle.fd).toBe(-1);
    await handle.close();
    await expect(handle.stat()).rejects.toMatchObject({ code: 'EBADF', syscall: 'fstat' });
  });

  test('changes what Node’s does', async () => {
    await using handle = await fs.open('/file', 'r+');
    await handle.chmod('4640');
    await handle.chown(12, -1);
    await handle.utimes(new Date(5000), '7.5');
    await handle.truncate(4);
    await handle.sync();
    await handle.datasync();
    const { mode, uid, gid, atimeMs, size, mtime } = await handle.stat();
    expect([mode & 0o7777, uid, gid, atimeMs, size]).toEqual([0o640, 12, 0, 5000, 4]);
    expect(mtime.getTime()).toBeGreaterThan(7500);
  });

  test('reads lines', async () => {
    await fs.writeFile('/lines', 'one\r\ntwo\n\nlast');
    const handle = await fs.open('/lines');
    const lines: string[] = [];
    for await (const line of handle.readLines()) lines.push(line);
    expect(lines).toEqual(['one', 'two', '', 'last']);
  });

  test('finds holes and data, makes and closes holes', async () => {
    await using handle = await fs.open('/holes', 'w+');
    await handle.write('end', 1048576);
    expect(await handle.lseek(0, 'data')).toBe(1048576);
    expect(await handle.lseek(0, 'hole')).toBe(0);
    await expect(handle.lseek(2097152, 'data')).rejects.toMatchObject({ code: 'ENXIO' });
    await handle.fallocate('allocate', { offsetBytes: 0, lengthBytes: 65536 });
    expect((await handle.stat()).blocks).toBeGreaterThanOrEqual(128);
    const all = { offsetBytes: 0, lengthBytes: 2097152 };
    await handle.fallocate('punch-hole', all);
    expect((await handle.stat()).blocks).toBe(0);
  });

  test('shows where it lies on the disk', async () => {
    await using handle = await fs.open('/extents', 'w+');
    // More extents than one answer of the kernel holds.
    for (let index = 0; index < 200; index++) await handle.write('x', index * 8192);
    const extents = await handle.fiemap();
    expect(extents).toHaveLength(200);
    expect(extents.map(({ logicalBytes }) => logicalBytes)).toEqual(
      Array.from({ length: 200 }, (_, index) => index * 8192),
    );
    for (const { physicalBytes, lengthBytes } of extents) {
      expect(physicalBytes).toBeGreaterThan(0);
      expect(lengthBytes).toBe(4096);
    }
    expect((extents.at(-1)?.flags ?? 0) & abi.FIEMAP_EXTENT_LAST).not.toBe(0);
  });

  test('has extended attributes and inode flags', async () => {
    await using handle = await fs.open('/file', 'r+');
    await handle.setxattr('user.a', 'value');
    expect(await handle.getxattr('user.a')).toEqual(Buffer.from('value'));
    expect(await handle.getxattr('user.b')).toBeUndefined();
    expect(await handle.listxattr()).toEqual(['user.a']);
    await handle.removexattr('user.a');
    expect(await handle.listxattr()).toEqual([]);
    const nodump = 0x40;
    const before = await handle.flags();
    await handle.setFlags(before | nodump);
    expect(await handle.flags()).toBe(before | nodump);
    expect((await handle.statx()).attributes & abi.STATX_ATTR_NODUMP).not.toBe(0);
  });

  test('copies ranges inside the kernel', async () => {
    await using from = await fs.open('/file');
    await using to = await fs.open('/target', 'w+');
    const range = { sourceOffsetBytes: 4, offsetBytes: 2, lengthBytes: 100 };
    expect(await to.copyRange(from, range)).toBe(6);
    expect(await to.readFile('latin1')).toBe('\0\x00456789');
  });

  test('cannot share blocks on a file system that does not', async () => {
    await using from = await fs.open('/file');
    await using to = await fs.open('/target', 'w');
    const code = expect.stringMatching(/^E(OP)?NOTSUPP?$/);
    await expect(to.cloneFrom(from)).rejects.toMatchObject({ code, syscall: 'clone' });
  });
});

const btrfsReason = cannotMount('btrfs');
describeUnless(btrfsReason)('blocks that are shared (btrfs)', () => {
  test('are made by copyFile and by cloneFrom', async () => {
    await using mounted = await mountFresh('btrfs');
    const { fs } = mounted;
    const content = Buffer.alloc(262144, 'share');
    await fs.writeFile('/file', content);
    await fs.copyFile('/file', '/copy', fs.constants.COPYFILE_FICLONE_FORCE);
    await using from = await fs.open('/file');
    await using part = await fs.open('/part', 'w+');
    await part.cloneFrom(from, {
      sourceOffsetBytes: 65536,
      offsetBytes: 131072,
      lengthBytes: 65536,
    });
    const expected = Buffer.alloc(196608);
    content.copy(expected, 131072, 65536, 131072);
    expect((await part.readFile()).equals(expected)).toBe(true);
    await using copy = await fs.open('/copy');
    expect((await copy.readFile()).equals(content)).toBe(true);
    for (const extent of await copy.fiemap()) {
      expect(extent.flags & abi.FIEMAP_EXTENT_SHARED).not.toBe(0);
    }
  }, 30_000);
});
