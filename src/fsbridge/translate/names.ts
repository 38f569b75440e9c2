/**
 * File names of Linux as names of Windows, and back. None is lost, none meets another.
 *
 * Linux's names are bytes, any but NUL and "/". Windows's are UTF-16 without the characters below
 * 32 and without < > : " | ? * \ and "/"; Win32 strips a dot or a space from the end, and takes
 * some names for devices. What Windows cannot have goes to the private characters U+F000 to U+F0FF,
 * as in Services for Macintosh, Cygwin, WSL and WinFsp:
 *
 *     1 to 31, < > : " | ? * \    U+F000 + c                            wherever they stand
 *     a dot or a space            U+F02E, U+F020                        as the last character
 *     CON, NUL, COM1, aux.h, …    U+F000 + c, of the third character    where Win32 takes it so
 *     a byte that is no UTF-8     U+F080 to U+F0FF: U+F000 + the byte
 *     a surrogate in UTF-8's way  that surrogate, alone                 Windows has such names
 *     U+F0xx itself, where it     its three bytes, each as above        so that a sign is a sign
 *       would be one of these
 *
 * A name that this makes longer than 255 units (no name of 255 bytes or less becomes so) is U+F000
 * and then its bytes, fifteen bits to a unit: `packName`.
 *
 * Invariants: toLinuxName(toWindowsName(b)) is b, for every b that Linux can have (so no two become
 * the same). toWindowsName(toLinuxName(s)) is s, or toLinuxName(s) is undefined: what a program
 * makes is what it lists, or is refused. Neither makes "." or "..", and neither throws.
 */
import { Buffer, isUtf8 } from 'node:buffer';
import { isDeviceName } from './device-names.ts';
import { packName, unpackName } from './packed-names.ts';

/** Linux's NAME_MAX, in bytes. Some file systems have longer names: VFAT, exFAT, NTFS, UDF. */
export const maxLinuxNameBytes = 255;
/** Windows's limit, in UTF-16 units. */
export const maxWindowsNameUnits = 255;

const sign = 0xf000;
/** The sign of a packed name: U+F000 has no other use, as no name has a NUL. */
const packedSign = '\uf000';
const lastSign = 0xf0ff;
const dot = 0x2e;
const space = 0x20;

/** The bytes that a Windows name can have unescaped: ASCII without reserved characters. */
const plain: Uint8Array = new Uint8Array(256).fill(1, 0x20, 0x7f);
/** The low byte of the signs that are signs wherever they stand. */
const always: Uint8Array = new Uint8Array(256).fill(1, 0x80);
always.fill(1, 0x00, 0x20);
plain[0x7f] = 1;
for (const character of '<>:"|?*\\') {
  plain[character.charCodeAt(0)] = 0;
  always[character.charCodeAt(0)] = 1;
}
plain[0x2f] = 0;

/** What the simple way cannot do: reserved characters, signs, what was no UTF-8. */
const odd = /[^ !#-)+-.0-9;=@-[\]-{}-\uefff\uf100-\ufffc\ufffe\uffff]/;

/**
 * The Windows name of a Linux name. Any bytes are taken. "." and "..", which are in every directory
 * and are not names, stay as they are.
 */
export function toWindowsName(name: Uint8Array): string {
  const { length } = name;
  let at = 0;
  while (at < length && plain[name[at] as number] === 1) at++;
  const bytes = Buffer.isBuffer(name)
    ? name
    : Buffer.from(name.buffer, name.byteOffset, name.length);
  const last = name[length - 1];
  const tail = last === dot || last === space;
  // Dirent names are ASCII nearly always: one string is all that is made of them.
  const text = at === length ? bytes.toString('latin1') : bytes.toString('utf8');
  if (!tail && (at === length || !odd.test(text)) && !isDeviceName(text)) {
    return text.length <= maxWindowsNameUnits ? text : (packName(bytes) ?? text);
  }
  if (text === '.' || text === '..') return text;
  const escaped = escapeBytes(bytes);
  return escaped.length <= maxWindowsNameUnits ? escaped : (packName(bytes) ?? escaped);
}

/**
 * The Linux name of a Windows name; undefined where there is none: OBJECT_NAME_INVALID. That is a
 * name that Windows cannot have (reserved characters, a dot or a space at its end, a device), one
 * whose Linux form is longer than `maxBytes`, and one with signs that toWindowsName would not have
 * written.
 */
export function toLinuxName(
  name: string,
  maxBytes: number = maxLinuxNameBytes,
): Buffer | undefined {
  const { length } = name;
  if (length === 0 || length > maxWindowsNameUnits) return undefined;
  const last = name.charCodeAt(length - 1);
  if (last === dot || last === space || isDeviceName(name)) return undefined;
  if (!odd.test(name) && name.isWellFormed()) {
    const bytes = Buffer.from(name, 'utf8');
    return bytes.length <= maxBytes ? bytes : undefined;
  }
  const bytes = name.startsWith(packedSign) ? unpackName(name) : unescapeName(name);
  if (bytes === undefined || bytes.length === 0 || bytes.length > maxBytes) return undefined;
  if (bytes.includes(0) || bytes.includes(0x2f)) return undefined;
  return toWindowsName(bytes) === name ? bytes : undefined;
}

/** The bytes of the UTF-8 sequence that starts here; 0 where there is none. */
function sequenceBytes(bytes: Buffer, at: number): number {
  const first = bytes[at] as number;
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  const end = at + length;
  return end <= bytes.length && isUtf8(bytes.subarray(at, end)) ? length : 0;
}

/** The surrogate that these three bytes are in UTF-8's manner (which UTF-8 forbids); else 0. */
function surrogateAt(bytes: Buffer, at: number): number {
  const second = bytes[at + 1] ?? 0;
  const third = bytes[at + 2] ?? 0;
  if (bytes[at] !== 0xed || second < 0xa0 || second > 0xbf) return 0;
  return (third & 0xc0) === 0x80 ? 0xd000 | ((second & 0x3f) << 6) | (third & 0x3f) : 0;
}

const isHigh = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;
const isLow = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff;

/** U+F0xx, not as a sign but as the character that the name on the disk has. */
function signItself(unit: number): string {
  return String.fromCharCode(
    sign | 0xef,
    sign | 0x80 | ((unit >> 6) & 0x3f),
    sign | 0x80 | (unit & 0x3f),
  );
}

/** One character of a name, which is no surrogate. `text` is what UTF-8 says. */
function escapeCharacter(text: string, isLast: boolean): string {
  const unit = text.charCodeAt(0);
  if (unit < 0x80) {
    const ending = isLast && (unit === dot || unit === space);
    return ending || plain[unit] === 0 ? String.fromCharCode(sign | unit) : text;
  }
  if (unit < sign || unit > lastSign) return text;
  const ending = isLast && (unit === (sign | dot) || unit === (sign | space));
  return ending || always[unit & 0xff] === 1 ? signItself(unit) : text;
}

function escapeBytes(bytes: Buffer): string {
  let text = '';
  let before = 0;
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceBytes(bytes, at);
    const surrogate = length === 0 ? surrogateAt(bytes, at) : 0;
    if (length > 0) {
      text += escapeCharacter(
        bytes.toString('utf8', at, at + length),
        at + length === bytes.length,
      );
      at += length;
    } else if (surrogate !== 0 && !(isHigh(before) && isLow(surrogate))) {
      // Two that would make a pair would be read as the character that the pair is.
      text += String.fromCharCode(surrogate);
      at += 3;
    } else {
      text += String.fromCharCode(sign | (bytes[at] as number));
      at++;
    }
    before = text.charCodeAt(text.length - 1);
    if (length === 4) before = 0;
  }
  return escapeDevice(text);
}

/**
 * A device's name with its third character as a sign; and a name that looks like such an escape.
 */
function escapeDevice(text: string): string {
  const third = text.charCodeAt(2);
  if (isDeviceName(text)) {
    return text.slice(0, 2) + String.fromCharCode(sign | third) + text.slice(3);
  }
  if (!isEscapedDevice(text)) return text;
  return text.slice(0, 2) + signItself(third) + text.slice(3);
}

const unescapedDevice = (name: string): string =>
  name.slice(0, 2) + String.fromCharCode(name.charCodeAt(2) & 0xff) + name.slice(3);

function isEscapedDevice(name: string): boolean {
  const third = name.charCodeAt(2);
  return third > sign && third < 0xf080 && isDeviceName(unescapedDevice(name));
}

function unescapeName(escaped: string): Buffer | undefined {
  const name = isEscapedDevice(escaped) ? unescapedDevice(escaped) : escaped;
  const bytes = Buffer.allocUnsafe(name.length * 3);
  let end = 0;
  for (let at = 0; at < name.length; at++) {
    const unit = name.charCodeAt(at);
    const low = unit & 0xff;
    const isLast = at === name.length - 1;
    if (unit < 0x80) {
      if (plain[unit] === 0) return undefined;
      bytes[end++] = unit;
    } else if (unit >= sign && unit <= lastSign && isSign(low, isLast)) {
      bytes[end++] = low;
    } else if (isHigh(unit) && !isLast && isLow(name.charCodeAt(at + 1))) {
      end += bytes.write(name.slice(at, at + 2), end, 'utf8');
      at++;
    } else {
      end = writeUnit(bytes, end, unit);
    }
  }
  return bytes.subarray(0, end);
}

const isSign = (low: number, isLast: boolean): boolean =>
  always[low] === 1 || (isLast && (low === dot || low === space));

/** A unit from 0x80 on, in UTF-8's manner, a lone surrogate too. */
function writeUnit(bytes: Buffer, start: number, unit: number): number {
  let end = start;
  if (unit < 0x800) {
    bytes[end++] = 0xc0 | (unit >> 6);
  } else {
    bytes[end++] = 0xe0 | (unit >> 12);
    bytes[end++] = 0x80 | ((unit >> 6) & 0x3f);
  }
  bytes[end++] = 0x80 | (unit & 0x3f);
  return end;
}

export { foldName, hasWildcards, matchesPattern } from './name-matching.ts';
