/**
 * Security identifiers (MS-DTYP 2.4.2). Inside the engine a SID is its string, "S-1-5-32-544":
 * strings compare and hash fast, and there are few of them. On the wire it is
 *
 *     u8 revision (1), u8 count, u48 big-endian authority, count times u32 little-endian
 *
 * Invariant: one SID has one string. Numbers are decimal, an authority of 2^32 or more is
 * hexadecimal (MS-DTYP 2.4.2.1), and nothing else is taken for a SID.
 */
import { Buffer } from 'node:buffer';

/** "S-1-…", in the form that parseSid gives. */
export type Sid = string;

/** MS-DTYP 2.4.2.4. */
export const wellKnownSid = {
  NULL: 'S-1-0-0',
  EVERYONE: 'S-1-1-0',
  CREATOR_OWNER: 'S-1-3-0',
  CREATOR_GROUP: 'S-1-3-1',
  OWNER_RIGHTS: 'S-1-3-4',
  PRINCIPAL_SELF: 'S-1-5-10',
  AUTHENTICATED_USERS: 'S-1-5-11',
  LOCAL_SYSTEM: 'S-1-5-18',
  BUILTIN_ADMINISTRATORS: 'S-1-5-32-544',
  BUILTIN_USERS: 'S-1-5-32-545',
} as const;

const headerBytes = 8;
/** SID_MAX_SUB_AUTHORITIES. */
const maxSubAuthorities = 15;
const form = /^S-1-(0x[0-9A-F]{1,12}|\d{1,15})((?:-\d{1,10})+)$/i;
const twoTo32 = 2 ** 32;
const twoTo48 = 2 ** 48;

function stringOf(authority: number, subAuthorities: readonly number[]): Sid {
  const shown =
    authority < twoTo32
      ? String(authority)
      : `0x${authority.toString(16).toUpperCase().padStart(12, '0')}`;
  return `S-1-${shown}-${subAuthorities.join('-')}`;
}

/** The canonical text of a SID in any accepted spelling; undefined for text that is no SID. */
export function parseSid(text: string): Sid | undefined {
  const match = form.exec(text);
  if (match === null) return undefined;
  const authority = Number(match[1]);
  const subAuthorities = (match[2] as string).slice(1).split('-').map(Number);
  if (authority >= twoTo48 || subAuthorities.length > maxSubAuthorities) return undefined;
  if (subAuthorities.some((value) => value >= twoTo32)) return undefined;
  return stringOf(authority, subAuthorities);
}

/** How many bytes the SID at this place has; 0 where there is none that is whole. */
export function sidBytesAt(bytes: Buffer, at: number): number {
  if (at < 0 || at + headerBytes > bytes.length || bytes[at] !== 1) return 0;
  const count = bytes[at + 1] as number;
  const length = headerBytes + 4 * count;
  return count <= maxSubAuthorities && at + length <= bytes.length ? length : 0;
}

/** The SID that starts at this place; undefined where there is none. */
export function sidFromBytes(source: Uint8Array, at: number = 0): Sid | undefined {
  const bytes = Buffer.from(source.buffer, source.byteOffset, source.length);
  const length = sidBytesAt(bytes, at);
  // One without a sub-authority is legal, and no account.
  if (length <= headerBytes) return undefined;
  const subAuthorities: number[] = [];
  for (let next = at + headerBytes; next < at + length; next += 4) {
    subAuthorities.push(bytes.readUInt32LE(next));
  }
  return stringOf(bytes.readUIntBE(at + 2, 6), subAuthorities);
}

/** The SIDs of a volume are few, and each descriptor has some of them. */
const bytesOfSid: Map<Sid, Buffer> = new Map();
const maxKnown = 4096;

/**
 * The bytes of a SID in the form that parseSid gives; undefined for another string. They are kept
 * for the next who asks: nobody may write into them.
 */
export function sidToBytes(sid: Sid): Buffer | undefined {
  const known = bytesOfSid.get(sid);
  if (known !== undefined) return known;
  const match = form.exec(sid);
  if (match === null || parseSid(sid) !== sid) return undefined;
  const subAuthorities = (match[2] as string).slice(1).split('-').map(Number);
  const bytes = Buffer.alloc(headerBytes + 4 * subAuthorities.length);
  bytes.writeUInt8(1, 0);
  bytes.writeUInt8(subAuthorities.length, 1);
  bytes.writeUIntBE(Number(match[1]), 2, 6);
  for (const [index, value] of subAuthorities.entries()) {
    bytes.writeUInt32LE(value, headerBytes + 4 * index);
  }
  if (bytesOfSid.size < maxKnown) bytesOfSid.set(sid, bytes);
  return bytes;
}
