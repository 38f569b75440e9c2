import { expect, test } from 'vitest';
import { SerialReadDetector } from '../../../../src/block/file/serial-read-detector.ts';

/** So many reads in the pool, one after the other. */
function inPool(reads: SerialReadDetector, count: number, tookMs = 0.15): void {
  for (let i = 0; i < count; i++) {
    reads.poolBegins();
    reads.poolEnded(tookMs);
  }
}

/** How many of the next reads are made on the spot, the others in the pool. */
function onTheSpot(reads: SerialReadDetector, count: number, tookMs = 0.1): number {
  let spot = 0;
  for (let i = 0; i < count; i++) {
    if (reads.admits()) {
      spot++;
      reads.ended(tookMs);
    } else {
      inPool(reads, 1);
    }
  }
  return spot;
}

test('a reader that asks for one at a time of a fast disk is served on the spot, mostly', () => {
  const reads = new SerialReadDetector();
  expect(reads.admits()).toBe(false);
  inPool(reads, 16);
  expect(onTheSpot(reads, 160)).toBe(150);
});

test('a second read while one is in the pool ends it', () => {
  const reads = new SerialReadDetector();
  inPool(reads, 16);
  expect(reads.admits()).toBe(true);
  reads.ended(0.1);
  reads.poolBegins();
  expect(reads.admits()).toBe(false);
  reads.poolBegins();
  reads.poolEnded(0.1);
  reads.poolEnded(0.1);
  expect(reads.admits()).toBe(false);
});

test('readers that always have two under way never begin it', () => {
  const reads = new SerialReadDetector();
  reads.poolBegins();
  for (let i = 0; i < 1000; i++) {
    expect(reads.admits()).toBe(false);
    reads.poolBegins();
    reads.poolEnded(0.1);
  }
});

test('a slow disk never begins it, and a slow read ends it', () => {
  const slow = new SerialReadDetector();
  inPool(slow, 1000, 8);
  expect(slow.admits()).toBe(false);
  const reads = new SerialReadDetector();
  inPool(reads, 16);
  expect(reads.admits()).toBe(true);
  reads.ended(3);
  expect(reads.admits()).toBe(false);
});
