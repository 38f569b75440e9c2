/**
 * The inode numbers of btrfs's files: a number is a function of the file alone, whatever the order
 * in which files are looked at, and two files have two numbers.
 */
import { Buffer } from 'node:buffer';
import { describe, expect, test } from 'vitest';
import { EntryWriter } from '../../../src/fuse/entry-writer.ts';
import { writeInodeNumber } from '../../../src/fuse/inode-numbers.ts';
import { Nodes } from '../../../src/fuse/nodes.ts';
import { attr, attrOut, sizes } from '../../../src/fuse/protocol.ts';
import { abi } from '../../../src/vfs-linux/abi.gen.ts';
import { KernelMemory } from '../../../src/vfs-linux/memory.ts';

type Words = readonly number[];

const words = (value: bigint): Words => [Number(value & 0xffffffffn), Number(value >> 32n)];

/** struct file_handle with btrfs's struct btrfs_fid. */
function handleOf(subvolume: bigint, ino: bigint, generation = 1): Int32Array {
  return Int32Array.from([20, 0x4d, ...words(ino), ...words(subvolume), generation]);
}

function read64(from: Uint32Array, at: number): bigint {
  return (BigInt(from[at + 1] as number) << 32n) | BigInt(from[at] as number);
}

function numberOf(subvolume: bigint, ino: bigint, generation?: number): bigint {
  const to = new Uint32Array(2);
  writeInodeNumber(to, 0, handleOf(subvolume, ino, generation), 0);
  return read64(to, 0);
}

describe('the number that every version gives', () => {
  // These are on people's disks, in the catalogues of their backups: they never change.
  test.each([
    ['a file of a subvolume', 256n, 257n, 256n * 2n ** 36n + 257n],
    ['the last that fits', 65535n, 2n ** 36n - 1n, 2n ** 52n - 1n],
    ['one of too many subvolumes', 65536n, 257n, 0xfab0ae7f40f84423n],
    ['one of too many inodes', 256n, 2n ** 44n + 257n, 0x845f00ee808f035dn],
  ])('%s', (_, subvolume, ino, number) => {
    expect(numberOf(subvolume, ino)).toBe(number);
  });
});

test('a number does not depend on the generation, which a snapshot or a repair may change', () => {
  for (const subvolume of [256n, 2n ** 40n]) {
    expect(numberOf(subvolume, 257n, 1)).toBe(numberOf(subvolume, 257n, 99));
  }
});

test('a hundred thousand files of many subvolumes have as many numbers', () => {
  const numbers = new Set<bigint>();
  for (let i = 0n; i < 100n; i++) {
    for (let ino = 0n; ino < 250n; ino++) {
      numbers.add(numberOf(65_500n + i, 256n + ino));
      numbers.add(numberOf(2n ** 32n + i, 256n + ino));
      numbers.add(numberOf(5n + i, 2n ** 44n + ino));
      numbers.add(numberOf(5n + i, (ino << 45n) + 2n ** 40n));
    }
  }
  expect(numbers.size).toBe(100_000);
});

describe('in attributes,', () => {
  const rootDevice = 40;

  /** st_ino of a file, on a mount with that root. */
  function inoOf(root: Int32Array, handle: Int32Array, device: number, ino: bigint): bigint {
    const memory = new KernelMemory(65536);
    const nodes = new Nodes();
    nodes.addRoot(Buffer.from(root.buffer), 5);
    memory.i32.set(handle, 1024);
    const statxWord = 2048;
    memory.u32.set(words(ino), statxWord + abi['statx.stx_ino'] / 4);
    memory.u32[statxWord + abi['statx.stx_dev_minor'] / 4] = device;
    const out = new Uint32Array(sizes.attrOut / 4);
    const writer = new EntryWriter(out, memory, { rootDevice, namesLast: true }, nodes);
    writer.writeAttrOut(0, nodes.ensure(memory, 4096), statxWord);
    return read64(out, attrOut.attr + attr.ino);
  }

  const btrfsRoot = handleOf(5n, 256n);

  test('the files of the mounted subvolume have the numbers of the disk', () => {
    expect(inoOf(btrfsRoot, handleOf(5n, 257n), rootDevice, 257n)).toBe(257n);
    const late = 2n ** 40n;
    expect(inoOf(handleOf(late, 256n), handleOf(late, 257n), rootDevice, 257n)).toBe(257n);
  });

  test('a file of a subvolume has its number, whatever its device is called this time', () => {
    for (const device of [41, 42, 57]) {
      expect(inoOf(btrfsRoot, handleOf(256n, 257n), device, 257n)).toBe(numberOf(256n, 257n));
    }
  });

  test('no file of the mounted subvolume has the number of a subvolume’s file', () => {
    const ino = 256n * 2n ** 36n + 257n;
    const number = inoOf(btrfsRoot, handleOf(5n, ino), rootDevice, ino);
    expect(number).not.toBe(numberOf(256n, 257n));
  });

  test('files of XFS keep numbers of any length', () => {
    const ino = 2n ** 55n + 131n;
    const root = Int32Array.of(12, 0x81, 128, 0, 1);
    const handle = Int32Array.from([12, 0x81, ...words(ino), 7]);
    expect(inoOf(root, handle, rootDevice, ino)).toBe(ino);
  });
});
