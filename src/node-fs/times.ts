/** Converts times, as Node's utimes takes them or in nanoseconds, to those of utimensat(2). */
import { abi } from '../vfs-linux/abi.gen.ts';
import type { TimeToSet } from '../vfs-linux/calls.ts';
import { invalidType, outOfRange } from './argument-errors.ts';

/** Seconds since 1970 as a number or as digits, or a Date. */
export type TimeLike = number | string | Date;

/** Nanoseconds since 1970; 'now' for the kernel's clock, 'omit' to change nothing. */
export type TimeNs = bigint | 'now' | 'omit';

const nsPerSec = 1_000_000_000n;
const nsPerMs = 1_000_000;

/** As in Node, a number below 0 means now, and fractions are cut to nanoseconds. */
export function toTime(time: TimeLike, argument: string): TimeToSet {
  if (time instanceof Date) {
    const ms = time.getTime();
    if (Number.isNaN(ms)) throw invalidType(argument, 'a valid Date', time);
    const sec = Math.floor(ms / 1000);
    return { sec, nsec: (ms - sec * 1000) * nsPerMs };
  }
  const seconds = typeof time === 'string' && time.trim() !== '' ? Number(time) : time;
  if (typeof seconds !== 'number' || !Number.isFinite(seconds)) {
    throw invalidType(argument, 'a Date or a time in seconds', time);
  }
  if (typeof time === 'number' && seconds < 0) return toTime(new Date(), argument);
  const sec = Math.floor(seconds);
  return { sec, nsec: Math.trunc((seconds - sec) * 1e9) };
}

export function toTimeNs(time: TimeNs, argument: string): TimeToSet {
  if (time === 'now') return { sec: 0, nsec: abi.UTIME_NOW };
  if (time === 'omit') return { sec: 0, nsec: abi.UTIME_OMIT };
  if (typeof time !== 'bigint') throw invalidType(argument, "a bigint, 'now' or 'omit'", time);
  const nsec = ((time % nsPerSec) + nsPerSec) % nsPerSec;
  const sec = Number((time - nsec) / nsPerSec);
  if (!Number.isSafeInteger(sec)) throw outOfRange(argument, 'within 2^53 seconds of 1970', time);
  return { sec, nsec: Number(nsec) };
}
