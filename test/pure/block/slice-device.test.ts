import { expect, test } from 'vitest';
import { MemoryDevice } from '../../../src/block/memory-device.ts';
import { SliceDevice } from '../../../src/block/slice-device.ts';
import { patternBytes } from '../../support/block.ts';

const KIB = 1024;

test('a slice is its range of the other device, in both directions', async () => {
  const bytes = patternBytes(16 * KIB);
  const slice = new SliceDevice(new MemoryDevice(bytes), 4 * KIB, 8 * KIB);
  const back = new Uint8Array(1 * KIB);
  expect(await slice.read([back], 512)).toBe(0);
  expect(back).toEqual(bytes.slice(4 * KIB + 512, 5 * KIB + 512));
  expect(await slice.write([new Uint8Array(512).fill(9)], 7.5 * KIB, true)).toBe(0);
  expect(bytes.subarray(11.5 * KIB, 12 * KIB).every((byte) => byte === 9)).toBe(true);
  expect(await slice.writeZeroes(0, 512)).toBe(0);
  expect(bytes.subarray(4 * KIB, 4.5 * KIB).every((byte) => byte === 0)).toBe(true);
});

test('no request leaves the slice', async () => {
  const bytes = patternBytes(16 * KIB);
  const slice = new SliceDevice(new MemoryDevice(bytes), 4 * KIB, 8 * KIB);
  const block = new Uint8Array(1 * KIB);
  expect(await slice.read([block], 7.5 * KIB)).toBe(-22);
  expect(await slice.write([block], -512, false)).toBe(-22);
  expect(await slice.discard(0, 9 * KIB)).toBe(-22);
  expect(await slice.writeZeroes(8 * KIB, 512)).toBe(-22);
  expect(bytes).toEqual(patternBytes(16 * KIB));
});

test('a slice for reading does not write to a device that could be written', async () => {
  const bytes = patternBytes(16 * KIB);
  const slice = new SliceDevice(new MemoryDevice(bytes), 0, 8 * KIB, { readOnly: true });
  expect(slice.canDiscard).toBe(false);
  expect(await slice.write([new Uint8Array(512)], 0, false)).toBe(-30);
  expect(await slice.discard(0, 512)).toBe(-30);
  expect(bytes).toEqual(patternBytes(16 * KIB));
});

test('closing a slice leaves the other device open', async () => {
  const disk = new MemoryDevice(patternBytes(16 * KIB));
  const slice = new SliceDevice(disk, 0, 8 * KIB);
  await slice.close();
  await slice.close();
  expect(await slice.read([new Uint8Array(512)], 0)).toBe(-19);
  expect(disk.read([new Uint8Array(512)], 0)).toBe(0);
});

test('a range that is not on the device is refused', () => {
  const disk = new MemoryDevice(16 * KIB);
  expect(() => new SliceDevice(disk, 8 * KIB, 9 * KIB)).toThrow(RangeError);
  expect(() => new SliceDevice(disk, 100, 512)).toThrow(RangeError);
});
