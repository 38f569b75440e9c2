import { expect, test } from 'vitest';
import { MemoryDevice } from '../../../src/block/memory-device.ts';
import { patternBytes } from '../../support/block.ts';

const kib = 1024;
const tib = 1024 ** 4;

test('an empty disk of 20 TiB reads as zeroes and takes no memory', () => {
  const disk = new MemoryDevice(20 * tib);
  const bytes = new Uint8Array(8 * kib).fill(1);
  expect(disk.read([bytes], 20 * tib - 8 * kib)).toBe(0);
  expect(bytes.every((byte) => byte === 0)).toBe(true);
  expect(disk.allocatedBytes).toBe(0);
});

test('bytes written at 19 TiB are read back in other pieces', () => {
  const disk = new MemoryDevice(20 * tib);
  const bytes = patternBytes(200 * kib);
  expect(disk.write([bytes.subarray(0, 512), bytes.subarray(512)], 19 * tib - 512, false)).toBe(0);
  const back = new Uint8Array(200 * kib);
  expect(disk.read([back.subarray(0, 99 * kib), back.subarray(99 * kib)], 19 * tib - 512)).toBe(0);
  expect(back).toEqual(bytes);
});

test('a discard frees memory, and the discarded part of a chunk reads as zeroes', () => {
  const disk = new MemoryDevice(tib);
  disk.write([patternBytes(256 * kib)], 0, false);
  expect(disk.allocatedBytes).toBe(256 * kib);
  expect(disk.discard(512, tib - 512)).toBe(0);
  expect(disk.allocatedBytes).toBe(64 * kib);
  const back = new Uint8Array(256 * kib);
  disk.read([back], 0);
  expect(back.subarray(0, 512)).toEqual(patternBytes(512));
  expect(back.subarray(512).every((byte) => byte === 0)).toBe(true);
});

test('a disk on given bytes is those bytes', () => {
  const bytes = patternBytes(4 * kib);
  const disk = new MemoryDevice(bytes);
  disk.write([new Uint8Array(512).fill(7)], 1024, false);
  disk.discard(0, 512);
  expect(bytes.subarray(1024, 1536).every((byte) => byte === 7)).toBe(true);
  expect(bytes.subarray(0, 512).every((byte) => byte === 0)).toBe(true);
  expect(bytes.subarray(512, 1024)).toEqual(patternBytes(4 * kib).subarray(512, 1024));
});

test('a range that is not whole blocks, or not on the disk, is EINVAL', () => {
  const disk = new MemoryDevice(8 * kib, { logicalBlockBytes: 4 * kib });
  const block = new Uint8Array(4 * kib);
  expect(disk.read([block], 512)).toBe(-22);
  expect(disk.read([block.subarray(512)], 0)).toBe(-22);
  expect(disk.read([block], 8 * kib)).toBe(-22);
  expect(disk.read([block], -4 * kib)).toBe(-22);
  expect(disk.write([block], Number.NaN, false)).toBe(-22);
  expect(disk.discard(4 * kib, 8 * kib)).toBe(-22);
});

test('a read-only disk answers EROFS and keeps its bytes', () => {
  const bytes = patternBytes(4 * kib);
  const disk = new MemoryDevice(bytes, { readOnly: true });
  expect(disk.write([new Uint8Array(512)], 0, false)).toBe(-30);
  expect(disk.writeZeroes(0, 512)).toBe(-30);
  expect(disk.discard(0, 512)).toBe(-30);
  expect(bytes).toEqual(patternBytes(4 * kib));
});

test('a size that is not whole blocks is refused', () => {
  expect(() => new MemoryDevice(1000)).toThrow(RangeError);
});
