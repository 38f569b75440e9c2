import { expect, test } from 'vitest';
import { maxSyncBytes, SyncIoPolicy } from '../../../../src/block/file/sync-io-policy.ts';

const kib = 1024;

/** A policy on a clock that the test sets. */
function policyAt(): {
  policy: SyncIoPolicy;
  call(lengthBytes: number, tookMs: number): boolean;
  pass(ms: number): void;
} {
  let nowMs = 1000;
  const policy = new SyncIoPolicy(() => nowMs);
  return {
    policy,
    call(lengthBytes, tookMs) {
      if (!policy.admits(lengthBytes)) return false;
      const startMs = policy.nowMs();
      nowMs += tookMs;
      policy.ended(startMs, lengthBytes);
      return true;
    },
    pass(ms) {
      nowMs += ms;
    },
  };
}

test('small calls are synchronous while they are fast', () => {
  const { call } = policyAt();
  for (let i = 0; i < 100; i += 1) expect(call(4 * kib, 0.003)).toBe(true);
  expect(call(maxSyncBytes, 0.03)).toBe(true);
});

test('a large call is never synchronous', () => {
  expect(policyAt().call(maxSyncBytes + 1, 0)).toBe(false);
});

test('after a slow call none is synchronous for twice as long', () => {
  const { call, pass } = policyAt();
  expect(call(4 * kib, 8)).toBe(true);
  pass(15);
  expect(call(4 * kib, 0.003)).toBe(false);
  pass(2);
  expect(call(4 * kib, 0.003)).toBe(true);
  expect(call(4 * kib, 0.003)).toBe(true);
});

test('each slow probe makes the pause longer, up to 32 times the call', () => {
  const { call, pass } = policyAt();
  call(4 * kib, 8);
  for (const factor of [2, 4, 8, 16, 32, 32]) {
    pass(8 * factor - 1);
    expect(call(4 * kib, 8)).toBe(false);
    pass(2);
    expect(call(4 * kib, 8)).toBe(true);
  }
});

test('after 64 fast calls the next slow one counts as a first one again', () => {
  const { call, pass } = policyAt();
  for (const pauseMs of [17, 33, 65]) {
    call(4 * kib, 8);
    pass(pauseMs);
  }
  for (let i = 0; i < 64; i += 1) expect(call(4 * kib, 0.003)).toBe(true);
  call(4 * kib, 8);
  pass(17);
  expect(call(4 * kib, 0.003)).toBe(true);
});

test('a pause ends after ten seconds, even after a call of an hour (a laptop slept)', () => {
  const { call, pass } = policyAt();
  call(4 * kib, 3_600_000);
  pass(10_001);
  expect(call(4 * kib, 0.003)).toBe(true);
});

test('a disk that is always slow stops the event loop for at most a thirtieth of the time', () => {
  const { call, pass } = policyAt();
  let blockedMs = 0;
  for (let ms = 0; ms < 60_000; ms += 1) {
    if (call(4 * kib, 5)) blockedMs += 5;
    pass(1);
  }
  expect(blockedMs).toBeGreaterThan(0);
  expect(blockedMs).toBeLessThan(60_000 / 30);
});
