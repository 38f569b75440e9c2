import { expect, test } from 'vitest';
import { MemoryDevice } from '../../../src/block/memory-device.ts';
import { SliceDevice } from '../../../src/block/slice-device.ts';
import { patternBytes } from '../../support/block.ts';

const kib = 1024;

test('a slice is its range of the other device, in both directions', async () => {
  const bytes = patternBytes(16 * kib);
  const slice = new SliceDevice(new MemoryDevice(bytes), 4 * kib, 8 * kib);
  const back = new Uint8Array(1 * kib);
  expect(await slice.read([back], 512)).toBe(0);
  expect(back).toEqual(bytes.slice(4 * kib + 512, 5 * kib + 512));
  expect(await slice.write([new Uint8Array(512).fill(9)], 7.5 * kib, true)).toBe(0);
  expect(bytes.subarray(11.5 * kib, 12 * kib).every((byte) => byte === 9)).toBe(true);
  expect(await slice.writeZeroes(0, 512)).toBe(0);
  expect(bytes.subarray(4 * kib, 4.5 * kib).every((byte) => byte === 0)).toBe(true);
});

test('no request leaves the slice', async () => {
  const bytes = patternBytes(16 * kib);
  const slice = new SliceDevice(new MemoryDevice(bytes), 4 * kib, 8 * kib);
  const block = new Uint8Array(1 * kib);
  expect(await slice.read([block], 7.5 * kib)).toBe(-22);
  expect(await slice.write([block], -512, false)).toBe(-22);
  expect(await slice.discard(0, 9 * kib)).toBe(-22);
  expect(await slice.writeZeroes(8 * kib, 512)).toBe(-22);
  expect(bytes).toEqual(patternBytes(16 * kib));
});

test('a slice for reading does not write to a device that could be written', async () => {
  const bytes = patternBytes(16 * kib);
  const slice = new SliceDevice(new MemoryDevice(bytes), 0, 8 * kib, { readOnly: true });
  expect(slice.canDiscard).toBe(false);
  expect(await slice.write([new Uint8Array(512)], 0, false)).toBe(-30);
  expect(await slice.discard(0, 512)).toBe(-30);
  expect(bytes).toEqual(patternBytes(16 * kib));
});

test('closing a slice leaves the other device open', async () => {
  const disk = new MemoryDevice(patternBytes(16 * kib));
  const slice = new SliceDevice(disk, 0, 8 * kib);
  await slice.close();
  await slice.close();
  expect(await slice.read([new Uint8Array(512)], 0)).toBe(-19);
  expect(disk.read([new Uint8Array(512)], 0)).toBe(0);
});

test('a range that is not on the device is refused', () => {
  const disk = new MemoryDevice(16 * kib);
  expect(() => new SliceDevice(disk, 8 * kib, 9 * kib)).toThrow(RangeError);
  expect(() => new SliceDevice(disk, 100, 512)).toThrow(RangeError);
});
