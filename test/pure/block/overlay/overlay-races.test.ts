/**
 * The overlay under requests that overlap in place and time.
 *
 * Base and temporary file answer late, in an order that fast-check's scheduler picks. They move
 * bytes in two halves with a pause between, so that a read of bytes that are being written sees a
 * torn block. Every written block is filled with the number of its write. Each block read must then
 * be whole, and its number that of a write that may come last: one that began before the read
 * ended, and that no other write surely replaced (by beginning after its end, and ending before the
 * read began).
 */
import fc, { type Scheduler } from 'fast-check';
import { expect, test } from 'vitest';
import type { BlockDevice } from '../../../../src/block/block-device.ts';
import { MemoryDevice } from '../../../../src/block/memory-device.ts';
import { OverlayDevice } from '../../../../src/block/overlay/overlay-device.ts';
import type { SpillStore } from '../../../../src/block/overlay/spill-file.ts';

const blockBytes = 512;
/** Four chunks of 64 KiB and a bit. */
const blocks = 4 * 128 + 40;
const baseValue = 1_000_000;

interface Written {
  readonly value: number;
  readonly began: number;
  ended: number;
}

interface Operation {
  readonly kind: 'read' | 'write' | 'discard' | 'zeroes';
  readonly first: number;
  readonly count: number;
  readonly segments: number;
  /** How many late answers may come before the next operation; -1: all. */
  readonly steps: number;
}

/**
 * Mostly a few blocks at the same few places, so that requests meet; now and then a long stretch.
 */
const place: fc.Arbitrary<{ first: number; count: number }> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      first: fc.tuple(fc.nat(3), fc.constantFrom(0, 1, 2, 3, 64, 126)).map(([c, b]) => c * 128 + b),
      count: fc.integer({ min: 1, max: 4 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      first: fc.constantFrom(0, 128, 256, 384),
      count: fc.constantFrom(128, 256),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ first: fc.nat(blocks - 1), count: fc.integer({ min: 1, max: blocks }) }),
  },
);

const operation: fc.Arbitrary<Operation> = fc
  .record({
    kind: fc.constantFrom<Operation['kind'][]>(
      ...(['read', 'read', 'write', 'write', 'write', 'write', 'discard', 'zeroes'] as const),
    ),
    place,
    segments: fc.integer({ min: 1, max: 4 }),
    steps: fc.constantFrom(0, 1, 1, 2, 3, 4, -1),
  })
  .map(({ place: { first, count }, ...drawn }) => ({
    ...drawn,
    first,
    count: Math.min(count, blocks - first),
  }));

/** Splits at places that are not block boundaries. */
function split(bytes: Uint8Array, pieces: number): Uint8Array[] {
  const step = Math.ceil(bytes.length / pieces / 4) * 4 - 4 || bytes.length;
  const views: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += step) views.push(bytes.subarray(at, at + step));
  return views;
}

function setBlocks(bytes: Uint8Array, valueAt: (block: number) => number): Uint8Array {
  const words = new Uint32Array(bytes.buffer);
  for (let i = 0; i < words.length; i += 1) words[i] = valueAt(Math.floor(i / 128));
  return bytes;
}

/** Moves each segment in two halves, each when the scheduler lets it. */
async function inHalves(
  scheduler: Scheduler,
  segments: readonly Uint8Array[],
  offsetBytes: number,
  move: (part: Uint8Array, atBytes: number) => void,
): Promise<number> {
  for (const half of [0, 1]) {
    await scheduler.schedule(Promise.resolve(), 'late');
    let at = offsetBytes;
    for (const segment of segments) {
      // The halves are interleaved pieces of 128 bytes, so that each block has bytes of both.
      for (let from = 0; from < segment.length; from += 128) {
        if ((from / 128) % 2 === half) move(segment.subarray(from, from + 128), at + from);
      }
      at += segment.length;
    }
  }
  return 0;
}

function lateStore(scheduler: Scheduler): SpillStore {
  const file = new Uint8Array(64 * 64 * 1024);
  return {
    read: (segments, _lengthBytes, offsetBytes) =>
      inHalves(scheduler, segments, offsetBytes, (part, at) =>
        part.set(file.subarray(at, at + part.length)),
      ),
    write: (segments, _lengthBytes, offsetBytes) =>
      inHalves(scheduler, segments, offsetBytes, (part, at) => file.set(part, at)),
    close: async () => {},
  };
}

function lateBase(scheduler: Scheduler, bytes: Uint8Array): BlockDevice {
  const base = new MemoryDevice(bytes, { readOnly: true });
  const late = Object.create(base) as BlockDevice;
  late.read = (segments, offsetBytes) =>
    inHalves(scheduler, segments, offsetBytes, (part, at) =>
      part.set(bytes.subarray(at, at + part.length)),
    );
  return late;
}

class History {
  #clock = 0;
  readonly #blocks: Written[][] = Array.from({ length: blocks }, (_, block) => [
    { value: baseValue + block, began: -1, ended: -1 },
  ]);

  now(): number {
    this.#clock += 1;
    return this.#clock;
  }

  begin(op: Operation, value: number): Written {
    const written: Written = { value, began: this.now(), ended: Number.POSITIVE_INFINITY };
    for (let i = 0; i < op.count; i += 1) this.#blocks[op.first + i]?.push(written);
    return written;
  }

  /** Checks what a read that began then and has just ended got. */
  check(op: Operation, bytes: Uint8Array, began: number): void {
    const ended = this.now();
    const words = new Uint32Array(bytes.buffer);
    for (let i = 0; i < op.count; i += 1) {
      const block = words.subarray(i * 128, (i + 1) * 128);
      const [value = -1] = block;
      const torn = block.findIndex((word) => word !== value);
      if (torn >= 0) throw new Error(`block ${op.first + i} is torn: ${value} and ${block[torn]}`);
      this.#checkValue(op.first + i, value, began, ended);
    }
  }

  #checkValue(block: number, value: number, began: number, ended: number): void {
    const writes = this.#blocks[block] ?? [];
    const maySee = (write: Written): boolean =>
      write.value === value &&
      write.began < ended &&
      !writes.some((later) => write.ended < later.began && later.ended < began);
    if (!writes.some(maySee)) {
      throw new Error(`block ${block} reads ${value}, of ${JSON.stringify(writes)}`);
    }
  }
}

async function perform(
  overlay: OverlayDevice,
  history: History,
  op: Operation,
  value: number,
): Promise<void> {
  const offsetBytes = op.first * blockBytes;
  const bytes = new Uint8Array(op.count * blockBytes);
  if (op.kind === 'read') {
    const began = history.now();
    expect(await overlay.read(split(bytes, op.segments), offsetBytes)).toBe(0);
    history.check(op, bytes, began);
    return;
  }
  const written = history.begin(op, op.kind === 'write' ? value : 0);
  if (op.kind === 'write') {
    setBlocks(bytes, () => value);
    expect(await overlay.write(split(bytes, op.segments), offsetBytes, false)).toBe(0);
    bytes.fill(0xff); // Ours again from here on: the device must not read it any more.
  } else if (op.kind === 'discard') {
    expect(await overlay.discard(offsetBytes, bytes.length)).toBe(0);
  } else {
    expect(await overlay.writeZeroes(offsetBytes, bytes.length)).toBe(0);
  }
  written.ended = history.now();
}

test('no block is ever torn, lost or older than an answer before', async () => {
  let spilledBytes = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(operation, { minLength: 1, maxLength: 60, size: 'max' }),
      fc.integer({ min: 1, max: 3 }),
      async (scheduler, operations, memoryChunks) => {
        const base = setBlocks(new Uint8Array(blocks * blockBytes), (block) => baseValue + block);
        const untouched = base.slice();
        const overlay = new OverlayDevice(lateBase(scheduler, base), {
          memoryLimitBytes: memoryChunks * 64 * 1024,
          openSpill: async () => lateStore(scheduler),
        });
        const history = new History();
        const underWay: Promise<void>[] = [];
        for (const [index, op] of operations.entries()) {
          underWay.push(perform(overlay, history, op, index + 1));
          if (op.steps < 0) await scheduler.waitFor(Promise.all(underWay));
          for (let i = 0; i < op.steps && scheduler.count() > 0; i += 1)
            await scheduler.waitNext(1);
        }
        await scheduler.waitFor(Promise.all(underWay));
        spilledBytes = Math.max(spilledBytes, overlay.stats.spilledBytes);
        const all = { kind: 'read', first: 0, count: blocks, segments: 1, steps: 0 } as const;
        await scheduler.waitFor(perform(overlay, history, all, 0));
        await scheduler.waitFor(overlay.close());
        expect(Buffer.from(base.buffer).equals(untouched)).toBe(true);
      },
    ),
    { numRuns: 400 },
  );
  expect(spilledBytes).toBeGreaterThan(0);
}, 60_000);
