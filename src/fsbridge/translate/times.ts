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
export const UNIX_EPOCH_FILE_TIME = 116444736000000000n;
const ticksPerSecond = 10_000_000n;

/**
 * 100 ns after 1601-01-01, for everything earlier: 0 is no time but "leave as it is" to whoever
 * sets it again, which a copying program does with what it read (MS-FSCC 2.4.7).
 */
const earliest = 1n;
/** The year 30828; a greater one is negative, and that is no time (MS-FSCC 2.4.7). */
const latest = 0x7fffffffffffffffn;

/** The FILETIME of a Linux time, between 1 and 2^63 - 1. */
export function toFileTime(sec: number, nsec: number): bigint {
  const ticks =
    BigInt(sec) * ticksPerSecond + BigInt(Math.floor(nsec / 100)) + UNIX_EPOCH_FILE_TIME;
  if (ticks < earliest) return earliest;
  return ticks > latest ? latest : ticks;
}

/** The Linux time of a FILETIME (0 to 2^63 - 1; a negative one is a time before 1601). */
export function fromFileTime(fileTime: bigint): Timespec {
  const ticks = BigInt.asIntN(64, fileTime) - UNIX_EPOCH_FILE_TIME;
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
