/**
 * The arguments of callers, checked and converted to those of the kernel. node:fs/promises accepts
 * and refuses the same, except for URLs: a file: URL names a file of the host, never one of a
 * volume.
 */
import { Buffer } from 'node:buffer';
import { abi } from '../vfs-linux/abi.gen.ts';
import { displayName, type PathLike } from '../vfs-linux/names.ts';
import { invalidType, invalidValue, outOfRange } from './argument-errors.ts';
import { decodeName, encodeName } from './escaped-names.ts';

/** A path in the volume, from its root on with or without a slash at the start. */
export type FsPath = string | Uint8Array;

/** Permission bits: a number, or their octal digits. */
export type Mode = number | string;

/** How names are given back: as strings, or as bytes. */
export type NameEncoding = BufferEncoding | 'buffer';

export interface EncodingOptions {
  readonly encoding?: NameEncoding | null | undefined;
}

/** The path as the kernel takes it. */
export function toKernelPath(path: FsPath, argument = 'path'): PathLike {
  const isString = typeof path === 'string';
  if (!isString && !(path instanceof Uint8Array)) {
    const expected = 'a string or a Buffer (a URL names no file of a volume)';
    throw invalidType(argument, expected, path);
  }
  if (isString ? path.includes('\0') : path.includes(0)) {
    throw invalidValue(argument, path, 'must be a string or Uint8Array without null bytes');
  }
  return encodeName(path);
}

/** The path as messages and errors show it. */
export function shownPath(path: PathLike): string {
  return displayName(path);
}

/** A name in the caller's encoding. */
export function nameAs(name: Buffer, encoding: NameEncoding): string | Buffer {
  if (encoding === 'buffer') return name;
  if (encoding === 'utf8' || encoding === 'utf-8') return decodeName(name);
  return name.toString(encoding);
}

/** Options that may be an encoding alone. */
export function optionsOf<T extends { encoding?: unknown }>(
  options: T | string | null | undefined,
): Partial<T> {
  if (options === null || options === undefined) return {};
  const given = typeof options === 'string' ? { encoding: options } : options;
  if (typeof given !== 'object') throw invalidType('options', 'a string or an object', options);
  const { encoding } = given;
  if (encoding && encoding !== 'buffer' && !Buffer.isEncoding(String(encoding))) {
    throw invalidValue('encoding', encoding, 'is invalid encoding');
  }
  return given as Partial<T>;
}

/** The encoding for names; UTF-8 by default. */
export function nameEncodingOf(options: EncodingOptions | string | null | undefined): NameEncoding {
  return optionsOf<EncodingOptions>(options as EncodingOptions | string | null).encoding ?? 'utf8';
}

export function toMode(
  mode: Mode | null | undefined,
  otherwise: number,
  argument = 'mode',
): number {
  if (mode === null || mode === undefined) return otherwise;
  if (typeof mode === 'string') {
    if (/^[0-7]+$/.test(mode)) return Number.parseInt(mode, 8) & permissionBits;
    const reason = 'must be a 32-bit unsigned integer or an octal string';
    throw invalidValue(argument, mode, reason);
  }
  return toInteger(mode, argument, 0, 0xffffffff) & permissionBits;
}

const permissionBits = 0o7777;

export function toInteger(
  value: number,
  argument: string,
  min: number = Number.MIN_SAFE_INTEGER,
  max: number = Number.MAX_SAFE_INTEGER,
): number {
  if (typeof value !== 'number') throw invalidType(argument, 'of type number', value);
  if (!Number.isInteger(value)) throw outOfRange(argument, 'an integer', value);
  if (value < min || value > max) throw outOfRange(argument, `>= ${min} && <= ${max}`, value);
  return value;
}

/** A user's or group's number; -1 changes nothing. */
export function toOwner(value: number, argument: string): number {
  return toInteger(value, argument, -1, 0xffffffff);
}

/** An offset in a file; undefined for the current position (null, undefined, -1). */
export function toPosition(value: number | bigint | null | undefined): number | undefined {
  if (value === null || value === undefined || value === -1 || value === -1n) return undefined;
  if (typeof value === 'bigint') {
    if (value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER)) {
      throw outOfRange('position', `>= -1 && <= ${Number.MAX_SAFE_INTEGER}`, value);
    }
    return Number(value);
  }
  return toInteger(value, 'position', 0);
}

/** The memory of a typed array or DataView, as a Buffer. */
export function toBuffer(view: NodeJS.ArrayBufferView): Buffer {
  if (Buffer.isBuffer(view)) return view;
  return Buffer.from(view.buffer, view.byteOffset, view.byteLength);
}

const R = abi.O_RDONLY;
const W = abi.O_WRONLY | abi.O_CREAT | abi.O_TRUNC;
const W2 = abi.O_RDWR | abi.O_CREAT | abi.O_TRUNC;
const A = abi.O_WRONLY | abi.O_CREAT | abi.O_APPEND;
const A2 = abi.O_RDWR | abi.O_CREAT | abi.O_APPEND;

/** https://nodejs.org/api/fs.html#file-system-flags */
const flagLetters: ReadonlyMap<string, number> = new Map([
  ['r', R],
  ['rs', R | abi.O_SYNC],
  ['sr', R | abi.O_SYNC],
  ['r+', abi.O_RDWR],
  ['rs+', abi.O_RDWR | abi.O_SYNC],
  ['sr+', abi.O_RDWR | abi.O_SYNC],
  ['w', W],
  ['wx', W | abi.O_EXCL],
  ['xw', W | abi.O_EXCL],
  ['w+', W2],
  ['wx+', W2 | abi.O_EXCL],
  ['xw+', W2 | abi.O_EXCL],
  ['a', A],
  ['ax', A | abi.O_EXCL],
  ['xa', A | abi.O_EXCL],
  ['as', A | abi.O_SYNC],
  ['sa', A | abi.O_SYNC],
  ['a+', A2],
  ['ax+', A2 | abi.O_EXCL],
  ['xa+', A2 | abi.O_EXCL],
  ['as+', A2 | abi.O_SYNC],
  ['sa+', A2 | abi.O_SYNC],
]);

/** The flags of open(2) for Node's letters, or for numbers of `constants`. */
export function toOpenFlags(flags: string | number | null | undefined, otherwise = 'r'): number {
  const given = flags ?? otherwise;
  if (typeof given === 'number') return toInteger(given, 'flags', -0x80000000, 0x7fffffff);
  const known = flagLetters.get(given);
  if (known === undefined) throw invalidValue('flags', given);
  return known;
}
