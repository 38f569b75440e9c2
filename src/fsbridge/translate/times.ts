/**
 * Points in time: Windows counts 100 ns since 1601 (FILETIME), Linux seconds and nanoseconds since
 * 1970.
 *
 * Both are UTC without leap seconds. Linux's seconds are rounded down and its nanoseconds go
 * forward from there, before 1970 too, so one formula serves all of time. What a FILETIME cannot
 * say is clamped to the nearest that it can; the last two digits of the nanoseconds are cut off.
 */
import type { Timespec } from '../../vfs-linux/statx.ts';

/** The FILETIME of 1970-01-01. */
export const unixEpochFileTime = 116444736000000000n;
const ticksPerSecond = 10_000_000n;
/** Seconds from 1601 to 1970. */
const epochSec = 11_644_473_600;
/** The year 30828: a later FILETIME is negative, and that is no time (MS-FSCC 2.4.7). */
const latestSec = 922_337_203_685;
const latestNsec = 477_580_700;
const two32 = 4_294_967_296;

/** A FILETIME as two unsigned words. */
export interface FileTimeWords {
  low: number;
  high: number;
}

/**
 * Writes the FILETIME of a Linux time, between 1 and 2^63 - 1, into `words`. Requests do this
 * several times each, so it makes no object and no bigint: a FILETIME has 57 bits today and a
 * number 53, so the ticks are counted in units of 65,536 seconds and the rest.
 */
export function writeFileTime(words: FileTimeWords, sec: number, nsec: number): void {
  const since1601 = sec + epochSec;
  if (since1601 < 0) {
    words.high = 0;
    words.low = 1;
    return;
  }
  if (since1601 > latestSec || (since1601 === latestSec && nsec > latestNsec)) {
    words.high = 0x7fffffff;
    words.low = 0xffffffff;
    return;
  }
  const upper = Math.floor(since1601 / 65536) * 10_000_000;
  const lower = (since1601 % 65536) * 10_000_000 + Math.floor(nsec / 100);
  const rest = (upper % 65536) * 65536 + lower;
  words.high = Math.floor(upper / 65536) + Math.floor(rest / two32);
  words.low = rest % two32;
  // 0 means "leave as it is" to a program that sets the times that it has read (MS-FSCC 2.4.7).
  if (words.high === 0 && words.low === 0) words.low = 1;
}

/** The same as one number. */
export function toFileTime(sec: number, nsec: number): bigint {
  const words = { low: 0, high: 0 };
  writeFileTime(words, sec, nsec);
  return (BigInt(words.high) << 32n) | BigInt(words.low);
}

/** The Linux time of a FILETIME (0 to 2^63 - 1; a negative one is a time before 1601). */
export function fromFileTime(fileTime: bigint): Timespec {
  const ticks = BigInt.asIntN(64, fileTime) - unixEpochFileTime;
  const rest = ((ticks % ticksPerSecond) + ticksPerSecond) % ticksPerSecond;
  return { sec: Number((ticks - rest) / ticksPerSecond), nsec: Number(rest) * 100 };
}

/** What a time field of FILE_BASIC_INFORMATION asks for. */
export type TimeChange =
  | { readonly kind: 'leave' }
  | { readonly kind: 'suspend' }
  | { readonly kind: 'resume' }
  | { readonly kind: 'invalid' }
  | { readonly kind: 'set'; readonly time: Timespec };

const leave: TimeChange = { kind: 'leave' };
const suspend: TimeChange = { kind: 'suspend' };
const resume: TimeChange = { kind: 'resume' };
const invalid: TimeChange = { kind: 'invalid' };

/**
 * MS-FSCC 2.4.7, MS-FSA 2.1.5.15.2: 0 leaves the time as it is; -1 stops this handle's own
 * operations from moving it; -2 lets them again; anything else below 0 is INVALID_PARAMETER
 * ('invalid').
 */
export function timeChangeOf(field: bigint): TimeChange {
  const value = BigInt.asIntN(64, field);
  if (value > 0n) return { kind: 'set', time: fromFileTime(value) };
  if (value === 0n) return leave;
  if (value === -1n) return suspend;
  return value === -2n ? resume : invalid;
}
