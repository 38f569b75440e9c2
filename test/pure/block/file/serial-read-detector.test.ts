import { expect, test } from 'vitest';
import { SerialReadDetector } from '../../../../src/block/file/serial-read-detector.ts';

/** Makes so many reads in the pool, one after the other. */
function inPool(reads: SerialReadDetector, count: number, tookMs = 0.15): void {
  for (let i = 0; i < count; i++) {
    reads.poolBegins();
    reads.poolEnded(tookMs);
  }
}

/** How many of the next reads are synchronous; the others are made in the pool. */
function synchronous(reads: SerialReadDetector, count: number, tookMs = 0.1): number {
  let made = 0;
  for (let i = 0; i < count; i++) {
    if (reads.admits()) {
      made++;
      reads.ended(tookMs);
    } else {
      inPool(reads, 1);
    }
  }
  return made;
}

test('a serial reader of a fast disk is served synchronously, mostly', () => {
  const reads = new SerialReadDetector();
  expect(reads.admits()).toBe(false);
  inPool(reads, 16);
  expect(synchronous(reads, 160)).toBe(150);
});

test('a second read while one is in the pool ends the synchronous reads', () => {
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

test('with two reads always under way, none is synchronous', () => {
  const reads = new SerialReadDetector();
  reads.poolBegins();
  for (let i = 0; i < 1000; i++) {
    expect(reads.admits()).toBe(false);
    reads.poolBegins();
    reads.poolEnded(0.1);
  }
});

test('a slow disk never has synchronous reads, and a slow read ends them', () => {
  const slow = new SerialReadDetector();
  inPool(slow, 1000, 8);
  expect(slow.admits()).toBe(false);
  const reads = new SerialReadDetector();
  inPool(reads, 16);
  expect(reads.admits()).toBe(true);
  reads.ended(3);
  expect(reads.admits()).toBe(false);
});
