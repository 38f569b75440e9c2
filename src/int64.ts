/**
 * 64-bit integers as two 32-bit words. A JavaScript number holds them exactly between -2^53 and
 * 2^53, which is enough for sizes, offsets and times; inode numbers and hashes need a bigint.
 */

const two32 = 4294967296;

/** The number of two words. Unsigned if `high` is, exact below 2^53; else signed. */
export function join64(low: number, high: number): number {
  return low + high * two32;
}

/** The unsigned low word of a whole number between -2^53 and 2^53. */
export function low32(value: number): number {
  return value >>> 0;
}

/** The signed high word of a whole number between -2^53 and 2^53. */
export function high32(value: number): number {
  return Math.floor(value / two32);
}
