import { expect, test } from 'vitest';
import { maxSyncBytes, SyncIoPolicy } from '../../../../src/block/file/sync-io-policy.ts';

const KIB = 1024;

/** A gate on a clock that the test sets. */
function gateAt(): {
  gate: SyncIoPolicy;
  call(lengthBytes: number, tookMs: number): boolean;
  pass(ms: number): void;
} {
  let nowMs = 1000;
  const gate = new SyncIoPolicy(() => nowMs);
  return {
    gate,
    call(lengthBytes, tookMs) {
      if (!gate.admits(lengthBytes)) return false;
      const startMs = gate.nowMs();
      nowMs += tookMs;
      gate.ended(startMs, lengthBytes);
      return true;
    },
    pass(ms) {
      nowMs += ms;
    },
  };
}

test('small calls are made on the spot while they are fast', () => {
  const { call } = gateAt();
  for (let i = 0; i < 100; i += 1) expect(call(4 * KIB, 0.003)).toBe(true);
  expect(call(maxSyncBytes, 0.03)).toBe(true);
});

test('a large call is never made on the spot', () => {
  expect(gateAt().call(maxSyncBytes + 1, 0)).toBe(false);
});

test('after a slow call none is made on the spot for twice as long', () => {
  const { call, pass } = gateAt();
  expect(call(4 * KIB, 8)).toBe(true);
  pass(15);
  expect(call(4 * KIB, 0.003)).toBe(false);
  pass(2);
  expect(call(4 * KIB, 0.003)).toBe(true);
  expect(call(4 * KIB, 0.003)).toBe(true);
});

test('each slow probe makes the pause longer, up to 32 times the call', () => {
  const { call, pass } = gateAt();
  call(4 * KIB, 8);
  for (const factor of [2, 4, 8, 16, 32, 32]) {
    pass(8 * factor - 1);
    expect(call(4 * KIB, 8)).toBe(false);
    pass(2);
    expect(call(4 * KIB, 8)).toBe(true);
  }
});

test('after 64 fast calls the next slow one counts as a first one again', () => {
  const { call, pass } = gateAt();
  for (const pauseMs of [17, 33, 65]) {
    call(4 * KIB, 8);
    pass(pauseMs);
  }
  for (let i = 0; i < 64; i += 1) expect(call(4 * KIB, 0.003)).toBe(true);
  call(4 * KIB, 8);
  pass(17);
  expect(call(4 * KIB, 0.003)).toBe(true);
});

test("a call of an hour, as over a laptop's sleep, is forgotten after ten seconds", () => {
  const { call, pass } = gateAt();
  call(4 * KIB, 3_600_000);
  pass(10_001);
  expect(call(4 * KIB, 0.003)).toBe(true);
});

test('a disk that is always slow stops the event loop for at most a thirtieth of the time', () => {
  const { call, pass } = gateAt();
  let blockedMs = 0;
  for (let ms = 0; ms < 60_000; ms += 1) {
    if (call(4 * KIB, 5)) blockedMs += 5;
    pass(1);
  }
  expect(blockedMs).toBeGreaterThan(0);
  expect(blockedMs).toBeLessThan(60_000 / 30);
});
