/**
 * Names that are too long for Windows, as fewer units: fifteen bits in each.
 *
 * Names of 255 bytes never need it. VFAT, exFAT, NTFS and UDF have names of 255 UTF-16 units, which
 * are up to 765 bytes; such a one that has characters of the kind U+F0xx needs three units for each
 * of them. A packed name is U+F000, which is in no other name, and then the bytes, a one and zeros
 * up to a multiple of fifteen, as units of two ranges that have no letters with a case: U+3400 to
 * U+9FFF and U+AC00 to U+BFFF.
 *
 * 254 units hold 476 bytes. More names exist than names of 255 units can tell apart, so a name
 * beyond that has none.
 */
import { Buffer } from 'node:buffer';

const mark = '\uf000';
const maxUnits = 254;
const bitsPerUnit = 15;
const firstRange = 0x3400;
const firstRangeSize = 0xa000 - firstRange;
const secondRange = 0xac00;
const secondRangeEnd = secondRange + (1 << bitsPerUnit) - firstRangeSize;

/** The packed name; undefined for bytes that do not fit. */
export function packName(bytes: Uint8Array): string | undefined {
  if (bytes.length * 8 + 1 > maxUnits * bitsPerUnit) return undefined;
  let text = mark;
  let bits = 0;
  let held = 0;
  for (let at = 0; at <= bytes.length; at++) {
    // Behind the last byte stands a one, so that the zeros that fill the last unit are recognised.
    held = (held << 8) | (bytes[at] ?? 0x80);
    bits += 8;
    if (bits < bitsPerUnit) continue;
    bits -= bitsPerUnit;
    text += unitOf(held >>> bits);
    held &= (1 << bits) - 1;
  }
  return held === 0 ? text : text + unitOf(held << (bitsPerUnit - bits));
}

function unitOf(digit: number): string {
  return String.fromCharCode(
    digit < firstRangeSize ? firstRange + digit : secondRange + digit - firstRangeSize,
  );
}

function digitOf(unit: number): number {
  if (unit >= firstRange && unit < firstRange + firstRangeSize) return unit - firstRange;
  if (unit >= secondRange && unit < secondRangeEnd) return unit - secondRange + firstRangeSize;
  return -1;
}

/** The bytes of a packed name; undefined for what packName does not write. */
export function unpackName(name: string): Buffer | undefined {
  const bytes = Buffer.allocUnsafe(name.length * 2 + 2);
  let end = 0;
  let bits = 0;
  let held = 0;
  for (let at = mark.length; at < name.length; at++) {
    const digit = digitOf(name.charCodeAt(at));
    if (digit < 0) return undefined;
    held = (held << bitsPerUnit) | digit;
    bits += bitsPerUnit;
    while (bits >= 8) {
      bits -= 8;
      bytes[end++] = held >>> bits;
      held &= (1 << bits) - 1;
    }
  }
  bytes[end++] = held << (8 - bits);
  while (end > 0 && bytes[end - 1] === 0) end--;
  return end > 0 && bytes[end - 1] === 0x80 ? bytes.subarray(0, end - 1) : undefined;
}
