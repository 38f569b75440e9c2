import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BlockDevice } from '../../../src/block/block-device.ts';
import { MemoryDevice } from '../../../src/block/memory-device.ts';
import { abi, errno } from '../../../src/vfs-linux/abi.gen.ts';
import { Kernel } from '../../../src/vfs-linux/kernel.ts';
import { panic, spin } from '../../support/kernel-hooks.ts';

/** The CPU time of this thread so far, in ms: other programs on the machine do not count. */
function computedMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** The longest CPU time, while `work` ran, between two turns of the event loop. */
async function longestPauseMs(work: () => Promise<void>): Promise<number> {
  let longest = 0;
  let last = computedMs();
  let going = true;
  const tick = (): void => {
    const now = computedMs();
    longest = Math.max(longest, now - last);
    last = now;
    if (going) setImmediate(tick);
  };
  tick();
  await work();
  going = false;
  return longest;
}

describe('a kernel', () => {
  let kernel: Kernel;
  beforeAll(async () => {
    kernel = await Kernel.boot();
  });
  afterAll(async () => {
    await kernel.close();
  });

  test('is Linux 6.12', async () => {
    expect(await kernel.readOwn('/proc/version')).toMatch(/^Linux version 6\.12\.\d+/);
  });

  test('boots without a warning', () => {
    const warnings = kernel.log.last(200).filter((line) => /WARNING|BUG:|rcu.*stall/.test(line));
    expect(warnings).toEqual([]);
  });

  test('has every file system of the list', async () => {
    const known = (await kernel.readOwn('/proc/filesystems')).match(/\S+$/gm) ?? [];
    const promised =
      'ext2 ext3 ext4 xfs btrfs f2fs bcachefs nilfs2 jfs erofs squashfs udf iso9660 vfat exfat ' +
      'ntfs3 hfs hfsplus ufs minix romfs cramfs overlay tmpfs';
    expect(known).toEqual(expect.arrayContaining(promised.split(' ')));
  });

  test('has all the levels of MD and all the targets of device mapper', async () => {
    const misc = await kernel.readOwn('/proc/misc');
    expect(misc).toMatch(/device-mapper/);
    expect(await kernel.readOwn('/proc/mdstat')).toMatch(
      /\[linear\].*\[raid0\].*\[raid1\].*\[raid10\].*\[raid6\].*\[raid5\].*\[raid4\]/,
    );
  });

  test('lets the event loop run during a long computation', async () => {
    // The first time, code is still being compiled.
    await spin(kernel, 100);
    expect(await longestPauseMs(() => spin(kernel, 500))).toBeLessThan(10);
  });

  test('keeps its clock right during a long computation', async () => {
    const uptime = async (): Promise<number> =>
      Number.parseFloat(await kernel.readOwn('/proc/uptime'));
    const outerStart = performance.now();
    const before = await uptime();
    const innerStart = performance.now();
    await spin(kernel, 300);
    const innerSeconds = (performance.now() - innerStart) / 1000;
    const passed = (await uptime()) - before;
    const outerSeconds = (performance.now() - outerStart) / 1000;
    // /proc/uptime counts hundredths.
    expect(passed).toBeGreaterThan(innerSeconds - 0.02);
    expect(passed).toBeLessThan(outerSeconds + 0.02);
  });

  test('answers other requests while one of them computes', async () => {
    let ended = false;
    const long = spin(kernel, 500).then(() => {
      ended = true;
    });
    await kernel.readOwn('/proc/version');
    expect(ended).toBe(false);
    await long;
  });

  test('takes more requests at once than it has slots', async () => {
    const answers = await Promise.all(
      Array.from({ length: 2000 }, () => kernel.calls.statx(abi.AT_FDCWD, '/proc')),
    );
    expect(answers.filter((answer) => typeof answer === 'number')).toEqual([]);
  });

  test('refuses a descriptor that is not open', async () => {
    expect(await kernel.calls.pread(123_456, Buffer.alloc(1), 0)).toBe(-errno.EBADF);
    expect(await kernel.calls.close(123_456)).toBe(-errno.EBADF);
  });

  test('refuses names that Linux cannot have', async () => {
    const { calls } = kernel;
    expect(await calls.statx(abi.AT_FDCWD, 'a\0b')).toBe(-errno.EINVAL);
    expect(await calls.statx(abi.AT_FDCWD, 'x'.repeat(5000))).toBe(-errno.ENAMETOOLONG);
    expect(await calls.statx(abi.AT_FDCWD, 'x'.repeat(256))).toBe(-errno.ENAMETOOLONG);
  });
});

describe('identities', () => {
  test('are what Linux checks permissions for, groups too', async () => {
    await using kernel = await Kernel.boot();
    const volume = await kernel.mount({ device: 'none', types: ['tmpfs'], readOnly: false });
    const { calls } = volume;
    const fd = await calls.openat2(abi.AT_FDCWD, 'secret', abi.O_CREAT | abi.O_RDWR, 0o640);
    await calls.close(fd);
    await calls.fchownat(abi.AT_FDCWD, 'secret', { uid: 1000, gid: 2000 });
    const open = async (identity: Parameters<Kernel['identity']>[0]): Promise<number> => {
      const cred = await kernel.identity(identity);
      const answer = await calls.as(cred).openat2(abi.AT_FDCWD, 'secret', abi.O_RDONLY);
      if (answer >= 0) await calls.close(answer);
      await kernel.forgetIdentity(cred);
      return answer;
    };
    expect(await open({ uid: 1000, gid: 1000 })).toBeGreaterThan(0);
    expect(await open({ uid: 1001, gid: 1001 })).toBe(-errno.EACCES);
    expect(await open({ uid: 1001, gid: 1001, groups: [5, 2000] })).toBeGreaterThan(0);
    expect(await open({ uid: 1001, gid: 1001, capable: true })).toBeGreaterThan(0);
  });

  test('that were given back are refused', async () => {
    await using kernel = await Kernel.boot();
    const cred = await kernel.identity({ uid: 1, gid: 1 });
    await kernel.forgetIdentity(cred);
    expect(await kernel.calls.as(cred).statx(abi.AT_FDCWD, '/')).toBe(-errno.EINVAL);
  });
});

describe('a volume’s root', () => {
  test('cannot be left by absolute names, symbolic links or dots', async () => {
    await using kernel = await Kernel.boot();
    const volume = await kernel.mount({ device: 'none', types: ['tmpfs'], readOnly: false });
    const { calls } = volume;
    await calls.symlinkat('/proc/version', abi.AT_FDCWD, 'absolute');
    await calls.symlinkat('../../../../proc/version', abi.AT_FDCWD, 'relative');
    for (const path of ['absolute', 'relative', '/proc/version', '../../../proc/version']) {
      expect(await calls.openat2(abi.AT_FDCWD, path, abi.O_RDONLY)).toBe(-errno.ENOENT);
    }
  });
});

describe('a kernel that dies', () => {
  test('fails its waiting and later requests at once, and no other kernel’s', async () => {
    const kernel = await Kernel.boot();
    await using neighbour = await Kernel.boot();
    const waiting = kernel.calls.statx(abi.AT_FDCWD, '/proc');
    const spinning = spin(kernel, 60_000);
    await panic(kernel);
    await waiting;
    await spinning;
    expect(await kernel.calls.statx(abi.AT_FDCWD, '/proc')).toBe(-errno.EIO);
    await expect(kernel.readOwn('/proc/version')).rejects.toMatchObject({
      code: 'ERR_KERNEL_FAILED',
      errno: -errno.EIO,
    });
    expect(kernel.failure?.log.join('\n')).toMatch(/Kernel panic - not syncing/);
    expect(await neighbour.readOwn('/proc/version')).toMatch(/Linux/);
    await kernel.close();
  });

  test('gives its disks back', async () => {
    const kernel = await Kernel.boot();
    const device = new MemoryDevice(1 << 20);
    await kernel.attach(device);
    await panic(kernel);
    await kernel.close();
    expect(await device.read([new Uint8Array(512)], 0)).toBeLessThan(0);
  });
});

describe('memory', () => {
  test.each([48, 512, 3584])('of %i MB is what the kernel has', async (megabytes) => {
    await using kernel = await Kernel.boot({ memoryBytes: megabytes * 1048576 });
    const total = Number(/MemTotal:\s+(\d+) kB/.exec(await kernel.readOwn('/proc/meminfo'))?.[1]);
    expect(total).toBeGreaterThan((megabytes - 18) * 1024 * 0.98);
    expect(total).toBeLessThanOrEqual(megabytes * 1024);
  });

  test.each([47, 3585, Number.NaN])('of %d MB is refused', async (megabytes) => {
    await expect(Kernel.boot({ memoryBytes: megabytes * 1048576 })).rejects.toMatchObject({
      code: 'ERR_MEMORY_SIZE',
    });
  });

  test('that runs out fails the request that needs it, and the kernel keeps running', async () => {
    await using kernel = await Kernel.boot({ memoryBytes: 48 * 1048576 });
    // A ramfs cannot give its pages back.
    const volume = await kernel.mount({ device: 'none', types: ['tmpfs'], readOnly: false });
    const { calls } = volume;
    const fd = await calls.openat2(abi.AT_FDCWD, 'big', abi.O_CREAT | abi.O_RDWR, 0o600);
    const piece = Buffer.alloc(1 << 20, 7);
    let answer = piece.length;
    let offsetBytes = 0;
    while (answer === piece.length && offsetBytes < 64 << 20) {
      answer = await calls.pwrite(fd, piece, offsetBytes);
      if (answer > 0) offsetBytes += answer;
    }
    if (answer >= 0) answer = await calls.pwrite(fd, piece, offsetBytes);
    expect(answer).toBe(-errno.ENOMEM);
    expect(await calls.ftruncate(fd, 0)).toBe(0);
    expect(await calls.pwrite(fd, piece, 0)).toBe(piece.length);
    await calls.close(fd);
  });
});

/** A disk of 1 MiB whose reads are answered by `read`. */
function diskThatReads(read: BlockDevice['read']): BlockDevice {
  return {
    name: 'a disk of the test',
    sizeBytes: 1 << 20,
    logicalBlockBytes: 512,
    physicalBlockBytes: 512,
    readOnly: false,
    volatileCache: false,
    canDiscard: false,
    canWriteZeroes: false,
    read,
    write: () => 0,
    flush: () => 0,
    discard: () => 0,
    writeZeroes: () => 0,
    close: async () => {},
  };
}

describe('disks', () => {
  test('can be detached while a request waits for them', async () => {
    await using kernel = await Kernel.boot();
    let attached = false;
    let fail: (status: number) => void = () => {};
    const asked = Promise.withResolvers<void>();
    const device = diskThatReads(() => {
      if (!attached) return 0;
      asked.resolve();
      return new Promise((resolve) => {
        fail = resolve;
      });
    });
    const disk = await kernel.attach(device);
    attached = true;
    const fd = await kernel.calls.openat2(abi.AT_FDCWD, `/dev/${disk.name}`, abi.O_RDONLY);
    const reading = kernel.calls.pread(fd, Buffer.alloc(4096), 65536);
    await asked.promise;
    const detaching = disk.detach();
    setTimeout(() => fail(-errno.ENODEV), 20);
    // A detached disk answers an error, or the end of the file.
    expect(await reading).toBeLessThanOrEqual(0);
    await kernel.calls.close(fd);
    await detaching;
  });

  test('that throw fail the request with EIO', async () => {
    await using kernel = await Kernel.boot();
    const device = diskThatReads(() => {
      throw new Error('planted');
    });
    const disk = await kernel.attach(device);
    const fd = await kernel.calls.openat2(abi.AT_FDCWD, `/dev/${disk.name}`, abi.O_RDONLY);
    expect(await kernel.calls.pread(fd, Buffer.alloc(4096), 0)).toBe(-errno.EIO);
    await kernel.calls.close(fd);
    expect(kernel.log.last(20).join('\n')).toMatch(/planted/);
  });
});
