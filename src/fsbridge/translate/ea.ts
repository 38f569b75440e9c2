/**
 * Extended attributes: FILE_FULL_EA_INFORMATION (MS-FSCC 2.4.15.1) and Linux's user.* attributes.
 *
 *     u32 NextEntryOffset, u8 Flags, u8 EaNameLength, u16 EaValueLength, name, NUL, value
 *
 * each entry at a multiple of four, the last with NextEntryOffset 0. An EA NAME is the attribute
 * user.NAME. Windows's names are ASCII here (beyond it they depend on the machine's code page), 1
 * to 254 characters and without FAT's reserved ones; a byte that one cannot have is %XX, and a "%"
 * that would be read as such an escape is %25. Samba's own attributes are not shown, nor can they
 * be set: user.DOSATTRIB is what attributes.ts is about.
 */
import { Buffer } from 'node:buffer';
import { type NtStatus, STATUS } from './ntstatus.ts';

/** The only flag: a program that does not understand this EA must not use the file. */
export const FILE_NEED_EA = 0x80;

const headerBytes = 8;
const nameMax = 254;
const valueMax = 0xffff;
const userPrefix = 'user.';
const percent = 0x25;
/** XATTR_NAME_MAX. */
const xattrNameMax = 255;

export interface Ea {
  /** As it is on the wire: ASCII. */
  readonly name: string;
  readonly value: Buffer;
  readonly flags: number;
}

/** Why a list was refused, and where: IRP_MJ_SET_EA's Information is that offset. */
export interface EaListError {
  readonly status: NtStatus;
  readonly errorOffset: number;
}

export type EaList =
  | { readonly list: readonly Ea[]; readonly error?: undefined }
  | { readonly error: EaListError };

/**
 * Characters that neither FAT's names nor EA names can have (FsRtlIsFatDbcsLegal), and all
 * non-ASCII.
 */
const reserved: Uint8Array = new Uint8Array(256).fill(1, 0, 0x20).fill(1, 0x7f);
for (const character of '"*+,/:;<=>?[\\]|') reserved[character.charCodeAt(0)] = 1;

/** Whether a name can be an EA's. */
export function isValidEaName(name: string): boolean {
  if (name.length === 0 || name.length > nameMax) return false;
  for (let at = 0; at < name.length; at++) {
    const unit = name.charCodeAt(at);
    if (unit > 0xff || reserved[unit] === 1) return false;
  }
  return true;
}

const refused = (status: NtStatus, errorOffset: number): EaList => ({
  error: { status, errorOffset },
});

/** The entries of a list, in their order. An empty buffer is an empty list. */
export function parseEaList(buffer: Uint8Array): EaList {
  const bytes = Buffer.from(buffer.buffer, buffer.byteOffset, buffer.length);
  const list: Ea[] = [];
  for (let at = 0; bytes.length > 0; ) {
    if (at + headerBytes > bytes.length) return refused(STATUS.EA_LIST_INCONSISTENT, at);
    const next = bytes.readUInt32LE(at);
    const flags = bytes.readUInt8(at + 4);
    const nameEnd = at + headerBytes + bytes.readUInt8(at + 5);
    const valueEnd = nameEnd + 1 + bytes.readUInt16LE(at + 6);
    const limit = next === 0 ? bytes.length : at + next;
    // IoCheckEaBufferValidity's rules.
    if (next % 4 !== 0 || limit > bytes.length || valueEnd > limit || bytes[nameEnd] !== 0) {
      return refused(STATUS.EA_LIST_INCONSISTENT, at);
    }
    const name = bytes.toString('latin1', at + headerBytes, nameEnd);
    if (!isValidEaName(name)) return refused(STATUS.INVALID_EA_NAME, at);
    if ((flags & ~FILE_NEED_EA) !== 0) return refused(STATUS.INVALID_EA_FLAG, at);
    list.push({ name, flags, value: bytes.subarray(nameEnd + 1, valueEnd) });
    if (next === 0) break;
    at += next;
  }
  return { list };
}

const align4 = (offset: number): number => (offset + 3) & ~3;
const entryBytes = (ea: Ea): number => headerBytes + ea.name.length + 1 + ea.value.length;

/** The list on the wire; the last entry is not padded. */
export function formatEaList(list: readonly Ea[]): Buffer {
  let total = 0;
  for (const ea of list) total = align4(total) + entryBytes(ea);
  const bytes = Buffer.alloc(total);
  let at = 0;
  list.forEach((ea, index) => {
    const size = entryBytes(ea);
    const next = index === list.length - 1 ? 0 : align4(size);
    bytes.writeUInt32LE(next, at);
    bytes.writeUInt8(ea.flags, at + 4);
    bytes.writeUInt8(ea.name.length, at + 5);
    bytes.writeUInt16LE(ea.value.length, at + 6);
    bytes.write(ea.name, at + headerBytes, 'latin1');
    bytes.set(ea.value, at + headerBytes + ea.name.length + 1);
    at += next;
  });
  return bytes;
}

/**
 * What FileEaInformation and directory entries call EaSize: the list as OS/2's FEALIST, four bytes
 * and then for each EA flags, two lengths, the name, a NUL and the value. 0 without any.
 */
export function eaSizeOf(list: readonly Ea[]): number {
  let size = 0;
  for (const ea of list) size += 5 + ea.name.length + ea.value.length;
  return size === 0 ? 0 : size + 4;
}

/** Samba's and fsbridge's own, in lower case: programs on Windows neither see nor set them. */
const hidden: ReadonlySet<string> = new Set([
  'dosattrib',
  'samba_pai',
  'samba_marker',
  'ntacl',
  'smbreparse',
]);
const hiddenPrefixes: readonly string[] = ['dosstream.', 'samba_streams.'];

function isHidden(name: string): boolean {
  const lower = name.toLowerCase();
  return hidden.has(lower) || hiddenPrefixes.some((prefix) => lower.startsWith(prefix));
}

const hexByte = (byte: number): string => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;

/** The byte that the two digits at this place are the escape of; 0 where they are none. */
function escapedByte(text: string, at: number): number {
  const digits = text.slice(at, at + 2);
  if (!/^[0-9A-F]{2}$/.test(digits)) return 0;
  const byte = Number.parseInt(digits, 16);
  return reserved[byte] === 1 ? byte : 0;
}

/**
 * Whether the text behind a "%" makes an escape of it, or an escaped "%" ("%25", "%2525", …) of
 * one.
 */
function readsAsEscape(text: string, at: number): boolean {
  let next = at;
  while (text.startsWith('25', next)) next += 2;
  return escapedByte(text, next) !== 0;
}

/**
 * The EA's name of an extended attribute (its full name's bytes); undefined for names that are not
 * shown: namespaces other than user, Samba's own, and names that are too long.
 */
export function eaNameOfXattr(xattr: Uint8Array): string | undefined {
  const full = Buffer.from(xattr.buffer, xattr.byteOffset, xattr.length).toString('latin1');
  if (!full.startsWith(userPrefix) || full.length === userPrefix.length) return undefined;
  const bare = full.slice(userPrefix.length);
  if (isHidden(bare)) return undefined;
  let name = '';
  for (let at = 0; at < bare.length; at++) {
    const byte = bare.charCodeAt(at);
    const isEscaped = reserved[byte] === 1 || (byte === percent && readsAsEscape(bare, at + 1));
    name += isEscaped ? hexByte(byte) : bare.charAt(at);
  }
  return name.length <= nameMax ? name : undefined;
}

/**
 * The attribute of an EA's name; undefined for one that is not valid, not for programs, or longer
 * than Linux takes it (250 bytes).
 */
export function xattrOfEaName(name: string): Buffer | undefined {
  if (!isValidEaName(name)) return undefined;
  let bare = '';
  for (let at = 0; at < name.length; at++) {
    const isPercent = name.charCodeAt(at) === percent;
    const byte = isPercent ? escapedByte(name, at + 1) : 0;
    if (byte !== 0) bare += String.fromCharCode(byte);
    else bare += name.charAt(at);
    const isEscapedPercent = isPercent && name.startsWith('25', at + 1);
    if (byte !== 0 || (isEscapedPercent && readsAsEscape(name, at + 3))) at += 2;
  }
  const isTooLong = userPrefix.length + bare.length > xattrNameMax;
  return isHidden(bare) || isTooLong ? undefined : Buffer.from(userPrefix + bare, 'latin1');
}

/** An EA of an attribute, or undefined where Windows cannot have it. */
export function eaOfXattr(xattr: Uint8Array, value: Uint8Array): Ea | undefined {
  const name = eaNameOfXattr(xattr);
  if (name === undefined || value.length > valueMax) return undefined;
  const { buffer, byteOffset, length } = value;
  return { name, flags: 0, value: Buffer.from(buffer, byteOffset, length) };
}
