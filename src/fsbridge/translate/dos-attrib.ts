/**
 * user.DOSATTRIB: Windows's attributes and time of creation on a Linux file, as Samba keeps them
 * (`store dos attributes`), so that a disk can go from a Samba server to fsbridge and back.
 *
 * The value is NDR, little-endian (Samba's librpc/idl/xattr.idl):
 *
 *     char attrib_hex[], NUL     "" or "0x22"; in the oldest files this is all there is
 *     (to 2) u16 version, u16 version again, (to 4) the version's structure:
 *     1       u32 attrib, u32 ea_size, u64 size, u64 alloc_size, NTTIME create, NTTIME change
 *     2       u32 flags, then as 1, NTTIME write, the name
 *     3       u32 valid_flags, then as 1
 *     4       u32 valid_flags, u32 attrib, NTTIME itime, NTTIME create
 *     5       u32 valid_flags, u32 attrib, NTTIME create
 *     0xffff  u32 attrib
 *
 * All are read. Version 3 is written: every Samba since 3.5 reads it.
 */
import { Buffer } from 'node:buffer';
import { storedAttributeBits } from './attributes.ts';

/** The extended attribute's name on the Linux side. */
export const dosAttribXattr = 'user.DOSATTRIB';

export interface DosAttrib {
  /** FILE_ATTRIBUTE_… that can be stored; undefined where the value says nothing about them. */
  readonly attributes: number | undefined;
  /** A FILETIME; undefined where none is kept. */
  readonly creationTime: bigint | undefined;
}

const validAttrib = 0x01;
const validCreateTime = 0x10;
/** Offsets of the fields in a version's structure, in bytes. */
interface Shape {
  readonly flags: number | undefined;
  readonly attrib: number;
  readonly create: number | undefined;
}
const shapes: ReadonlyMap<number, Shape> = new Map([
  [1, { flags: undefined, attrib: 0, create: 24 }],
  [2, { flags: undefined, attrib: 4, create: 28 }],
  [3, { flags: 0, attrib: 4, create: 28 }],
  [4, { flags: 0, attrib: 4, create: 16 }],
  [5, { flags: 0, attrib: 4, create: 8 }],
  [0xffff, { flags: undefined, attrib: 0, create: undefined }],
]);
const hexText = /^0x([0-9a-f]{1,8})$/i;
const longestText = 16;

const align = (offset: number, to: number): number => Math.ceil(offset / to) * to;

/** What a value of user.DOSATTRIB says; undefined for one that is none. */
export function parseDosAttrib(value: Uint8Array): DosAttrib | undefined {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.length);
  const nul = bytes.indexOf(0);
  const textEnd = nul < 0 ? bytes.length : nul;
  if (textEnd > longestText) return undefined;
  const hex = hexText.exec(bytes.toString('latin1', 0, textEnd));
  const versionAt = align(textEnd + 1, 2);
  if (versionAt + 4 > bytes.length) {
    if (hex === null) return undefined;
    return {
      attributes: Number.parseInt(hex[1] as string, 16) & storedAttributeBits,
      creationTime: undefined,
    };
  }
  const version = bytes.readUInt16LE(versionAt);
  if (bytes.readUInt16LE(versionAt + 2) !== version) return undefined;
  const shape = shapes.get(version);
  return shape === undefined ? undefined : parseShape(bytes, align(versionAt + 4, 4), shape);
}

function parseShape(bytes: Buffer, at: number, shape: Shape): DosAttrib | undefined {
  const { create } = shape;
  const end = Math.max(shape.attrib + 4, create === undefined ? 0 : create + 8);
  if (at + end > bytes.length) return undefined;
  const flags = shape.flags === undefined ? -1 : bytes.readUInt32LE(at + shape.flags);
  const time =
    create === undefined || (flags & validCreateTime) === 0
      ? 0n
      : bytes.readBigUInt64LE(at + create);
  return {
    attributes:
      (flags & validAttrib) === 0
        ? undefined
        : bytes.readUInt32LE(at + shape.attrib) & storedAttributeBits,
    // 0 and -1 are "none" to Samba (null_nttime); whatever else is negative is no time (times.ts).
    creationTime: time === 0n || time > 0x7fffffffffffffffn ? undefined : time,
  };
}

const version3Bytes = 52;

/** The value of user.DOSATTRIB, in version 3. */
export function formatDosAttrib(attrib: DosAttrib): Buffer {
  const { attributes, creationTime } = attrib;
  const value = Buffer.alloc(version3Bytes);
  value.writeUInt16LE(3, 2);
  value.writeUInt16LE(3, 4);
  const flags =
    (attributes === undefined ? 0 : validAttrib) |
    (creationTime === undefined ? 0 : validCreateTime);
  value.writeUInt32LE(flags, 8);
  value.writeUInt32LE((attributes ?? 0) & storedAttributeBits, 12);
  value.writeBigUInt64LE(BigInt.asUintN(64, creationTime ?? 0n), 36);
  return value;
}
