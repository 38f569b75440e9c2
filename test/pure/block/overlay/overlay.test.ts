import fs from 'node:fs';
import { expect, test } from 'vitest';
import type { BlockDevice } from '../../../../src/block/block-device.ts';
import { MemoryDevice } from '../../../../src/block/memory-device.ts';
import { OverlayDevice } from '../../../../src/block/overlay/overlay-device.ts';
import { openSpillFile, type SpillStore } from '../../../../src/block/overlay/spill-file.ts';
import { patternBytes, scratchFolder } from '../../../support/block.ts';
import { onWindows, testUnless } from '../../../support/needs.ts';

const kib = 1024;
const mib = 1024 * kib;
const tib = 1024 ** 4;

function readOnlyDisk(bytes: Uint8Array): MemoryDevice {
  return new MemoryDevice(bytes, { readOnly: true });
}

async function readAll(disk: BlockDevice, lengthBytes = disk.sizeBytes): Promise<Uint8Array> {
  const bytes = new Uint8Array(lengthBytes).fill(0xee);
  expect(await disk.read([bytes], 0)).toBe(0);
  return bytes;
}

/** A spill store in memory that can be told to be full. */
function fullableStore(): { store: SpillStore; setFull(full: boolean): void } {
  const disk = new MemoryDevice(16 * mib);
  let isFull = false;
  return {
    store: {
      read: (segments, _lengthBytes, offsetBytes) => disk.read(segments, offsetBytes),
      write: (segments, _lengthBytes, offsetBytes) =>
        isFull ? -28 : disk.write(segments, offsetBytes, false),
      close: () => disk.close(),
    },
    setFull(full) {
      isFull = full;
    },
  };
}

test('writes are seen over the base, and the base stays as it is', async () => {
  const bytes = patternBytes(256 * kib);
  const overlay = new OverlayDevice(readOnlyDisk(bytes));
  expect(overlay.readOnly).toBe(false);
  expect(await overlay.write([new Uint8Array(512).fill(7)], 63.5 * kib, true)).toBe(0);
  expect(await overlay.write([new Uint8Array(2 * kib).fill(8)], 127 * kib, false)).toBe(0);
  expect(await overlay.flush()).toBe(0);
  const expected = patternBytes(256 * kib);
  expected.fill(7, 63.5 * kib, 64 * kib);
  expected.fill(8, 127 * kib, 129 * kib);
  expect(await readAll(overlay)).toEqual(expected);
  expect(bytes).toEqual(patternBytes(256 * kib));
  await overlay.close();
});

test('a small write needs nothing from the base', async () => {
  const base = readOnlyDisk(patternBytes(64 * kib));
  const overlay = new OverlayDevice(base);
  await base.close();
  expect(await overlay.write([new Uint8Array(512).fill(7)], 512, false)).toBe(0);
  const back = new Uint8Array(512);
  expect(await overlay.read([back], 512)).toBe(0);
  expect(back[0]).toBe(7);
  expect(await overlay.read([back], 0)).toBe(-19);
});

test('a read of unwritten bytes goes to the base unchanged, in one request', async () => {
  const base = readOnlyDisk(patternBytes(256 * kib));
  const asked: [readonly Uint8Array[], number][] = [];
  const read = base.read.bind(base);
  base.read = (segments, offsetBytes) => {
    asked.push([segments, offsetBytes]);
    return read(segments, offsetBytes);
  };
  const overlay = new OverlayDevice(base);
  await overlay.write([new Uint8Array(512)], 0, false);
  const segments = [new Uint8Array(100 * kib), new Uint8Array(50 * kib)];
  expect(await overlay.read(segments, 64 * kib)).toBe(0);
  expect(asked).toHaveLength(1);
  expect(asked[0]?.[0]).toBe(segments);
});

test('discarding 20 TiB takes no memory and hides the base and earlier writes', async () => {
  const overlay = new OverlayDevice(new MemoryDevice(20 * tib));
  await overlay.write([patternBytes(mib)], tib, false);
  expect(overlay.stats.memoryBytes).toBe(mib);
  expect(await overlay.discard(0, 20 * tib)).toBe(0);
  expect(overlay.stats).toEqual({ memoryBytes: 0, spilledBytes: 0 });
  const back = new Uint8Array(mib).fill(1);
  await overlay.read([back], tib);
  expect(back.every((byte) => byte === 0)).toBe(true);
});

test('zeroes hide the base block by block, and a later write hides the zeroes', async () => {
  const overlay = new OverlayDevice(readOnlyDisk(patternBytes(256 * kib)));
  expect(await overlay.writeZeroes(512, 200 * kib)).toBe(0);
  expect(await overlay.write([new Uint8Array(kib).fill(5)], 100 * kib, false)).toBe(0);
  const expected = patternBytes(256 * kib);
  expected.fill(0, 512, 512 + 200 * kib);
  expected.fill(5, 100 * kib, 101 * kib);
  expect(await readAll(overlay)).toEqual(expected);
});

test('beyond its memory limit it writes to a temporary file', async () => {
  const overlay = new OverlayDevice(new MemoryDevice(16 * mib), { memoryLimitBytes: mib });
  const bytes = patternBytes(8 * mib);
  for (let at = 0; at < bytes.length; at += 48 * kib) {
    expect(await overlay.write([bytes.subarray(at, at + 48 * kib)], at, false)).toBe(0);
    expect(overlay.stats.memoryBytes).toBeLessThanOrEqual(mib + 64 * kib);
  }
  const { memoryBytes, spilledBytes } = overlay.stats;
  expect(memoryBytes + spilledBytes).toBeGreaterThanOrEqual(8 * mib);
  expect(spilledBytes).toBeGreaterThanOrEqual(7 * mib);
  expect(Buffer.from(await readAll(overlay, 8 * mib)).equals(bytes)).toBe(true);
  await overlay.close();
});

test('spilled bytes can be written anew, in part, and spilled again', async () => {
  const overlay = new OverlayDevice(readOnlyDisk(patternBytes(mib)), { memoryLimitBytes: 0 });
  const expected = patternBytes(mib);
  for (let round = 1; round <= 5; round += 1) {
    for (let at = round * 512; at + 1536 <= mib; at += 30 * kib) {
      expected.fill(round, at, at + 1536);
      expect(await overlay.write([new Uint8Array(1536).fill(round)], at, false)).toBe(0);
    }
    expect(Buffer.from(await readAll(overlay)).equals(expected)).toBe(true);
  }
  expect(overlay.stats.spilledBytes).toBeGreaterThan(0);
  await overlay.close();
});

test('a slot of the file that a discard gives back is used again', async () => {
  const overlay = new OverlayDevice(new MemoryDevice(64 * mib), { memoryLimitBytes: 0 });
  for (let round = 0; round < 20; round += 1) {
    expect(await overlay.write([patternBytes(mib, round)], round * mib, false)).toBe(0);
    expect(await overlay.write([patternBytes(mib, round)], (round + 1) * mib, false)).toBe(0);
    expect(overlay.stats.spilledBytes).toBeLessThanOrEqual(2 * mib);
    await overlay.discard(0, 64 * mib);
  }
  await overlay.close();
});

test('a full temporary folder is ENOSPC to writes, loses nothing, and may recover', async () => {
  const { store, setFull } = fullableStore();
  const overlay = new OverlayDevice(new MemoryDevice(16 * mib), {
    memoryLimitBytes: 128 * kib,
    openSpill: async () => store,
  });
  setFull(true);
  const bytes = patternBytes(128 * kib);
  expect(await overlay.write([bytes], 0, false)).toBe(0);
  expect(await overlay.write([bytes], mib, false)).toBe(-28);
  expect(overlay.stats.memoryBytes).toBe(128 * kib);
  setFull(false);
  expect(await overlay.write([bytes], 2 * mib, false)).toBe(0);
  const back = new Uint8Array(128 * kib);
  for (const at of [0, 2 * mib]) {
    expect(await overlay.read([back], at)).toBe(0);
    expect(back).toEqual(bytes);
  }
  await overlay.close();
});

test('a temporary file that cannot be made is an error of the write that needs it', async () => {
  const overlay = new OverlayDevice(new MemoryDevice(16 * mib), {
    memoryLimitBytes: 64 * kib,
    openSpill: () => openSpillFile('/no/such/folder'),
  });
  expect(await overlay.write([patternBytes(64 * kib)], 0, false)).toBe(0);
  expect(await overlay.write([patternBytes(64 * kib)], mib, false)).toBe(-5);
  await overlay.close();
});

testUnless(onWindows)('the temporary file has no name while it is used', async () => {
  const folder = scratchFolder();
  const overlay = new OverlayDevice(new MemoryDevice(16 * mib), {
    memoryLimitBytes: 0,
    openSpill: () => openSpillFile(folder),
  });
  for (let at = 0; at < 4 * mib; at += mib) await overlay.write([patternBytes(mib)], at, false);
  expect(overlay.stats.spilledBytes).toBeGreaterThan(0);
  expect(fs.readdirSync(folder)).toEqual([]);
  await overlay.close();
});

test('blocks of 4 KiB are kept as such', async () => {
  const base = new MemoryDevice(mib, { logicalBlockBytes: 4 * kib });
  const overlay = new OverlayDevice(base);
  expect(overlay.logicalBlockBytes).toBe(4 * kib);
  expect(await overlay.write([new Uint8Array(512)], 0, false)).toBe(-22);
  expect(await overlay.write([new Uint8Array(4 * kib).fill(3)], 60 * kib, false)).toBe(0);
  const expected = new Uint8Array(mib);
  expected.fill(3, 60 * kib, 64 * kib);
  expect(await readAll(overlay)).toEqual(expected);
});

test('a closed overlay answers ENODEV and leaves its base open', async () => {
  const base = readOnlyDisk(patternBytes(64 * kib));
  const overlay = new OverlayDevice(base);
  await overlay.close();
  await overlay.close();
  expect(await overlay.read([new Uint8Array(512)], 0)).toBe(-19);
  expect(await overlay.write([new Uint8Array(512)], 0, false)).toBe(-19);
  expect(await overlay.flush()).toBe(-19);
  expect(base.read([new Uint8Array(512)], 0)).toBe(0);
});
