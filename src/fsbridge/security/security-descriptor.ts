/**
 * Self-relative security descriptors (MS-DTYP 2.4.6), as they come with requests and go with
 * answers.
 *
 *     u8 Revision (1), u8 Sbz1, u16 Control, u32 OffsetOwner, OffsetGroup, OffsetSacl, OffsetDacl
 *
 * A descriptor's lists keep every entry: the kinds that are understood (allow, deny, audit) as a
 * mask and a SID, others (for objects, with conditions, labels, what is still to be invented) with
 * the bytes behind their header. What is malformed is undefined, never an exception: the bytes are
 * a program's.
 *
 * Invariant: parse(format(sd)) is sd, and format(parse(bytes)) has the same meaning as the bytes.
 */
import { Buffer } from 'node:buffer';
import { type Sid, sidBytesAt, sidFromBytes, sidToBytes } from './sid.ts';

/** SECURITY_DESCRIPTOR_CONTROL. */
export const SE = {
  OWNER_DEFAULTED: 0x0001,
  GROUP_DEFAULTED: 0x0002,
  DACL_PRESENT: 0x0004,
  DACL_DEFAULTED: 0x0008,
  SACL_PRESENT: 0x0010,
  SACL_DEFAULTED: 0x0020,
  SERVER_SECURITY: 0x0080,
  DACL_AUTO_INHERIT_REQ: 0x0100,
  SACL_AUTO_INHERIT_REQ: 0x0200,
  DACL_AUTO_INHERITED: 0x0400,
  SACL_AUTO_INHERITED: 0x0800,
  DACL_PROTECTED: 0x1000,
  SACL_PROTECTED: 0x2000,
  RM_CONTROL_VALID: 0x4000,
  SELF_RELATIVE: 0x8000,
} as const;

/** SECURITY_INFORMATION: which parts a request is about (MS-DTYP 2.4.7). */
export const SECURITY_INFORMATION = {
  OWNER: 0x1,
  GROUP: 0x2,
  DACL: 0x4,
  SACL: 0x8,
  LABEL: 0x10,
  UNPROTECTED_SACL: 0x10000000,
  UNPROTECTED_DACL: 0x20000000,
  PROTECTED_SACL: 0x40000000,
  PROTECTED_DACL: 0x80000000,
} as const;

/** ACE_HEADER.AceType. */
export const ACE_TYPE = {
  ACCESS_ALLOWED: 0x00,
  ACCESS_DENIED: 0x01,
  SYSTEM_AUDIT: 0x02,
  SYSTEM_ALARM: 0x03,
  ACCESS_ALLOWED_OBJECT: 0x05,
  ACCESS_DENIED_OBJECT: 0x06,
  ACCESS_ALLOWED_CALLBACK: 0x09,
  ACCESS_DENIED_CALLBACK: 0x0a,
  SYSTEM_MANDATORY_LABEL: 0x11,
} as const;

/** ACE_HEADER.AceFlags. */
export const ACE_FLAG = {
  OBJECT_INHERIT: 0x01,
  CONTAINER_INHERIT: 0x02,
  NO_PROPAGATE_INHERIT: 0x04,
  INHERIT_ONLY: 0x08,
  INHERITED: 0x10,
} as const;

export interface Ace {
  readonly type: number;
  readonly flags: number;
  /** Unsigned. 0 where `body` has the entry. */
  readonly mask: number;
  /** Undefined where `body` has the entry. */
  readonly sid: Sid | undefined;
  /** What is behind the header of an entry of another kind than allow, deny, audit and alarm. */
  readonly body?: Buffer | undefined;
}

export interface Acl {
  /** 2, or 4 with entries for objects. */
  readonly revision: number;
  readonly aces: readonly Ace[];
}

export interface SecurityDescriptor {
  /** SE_…; SELF_RELATIVE is set by formatSecurityDescriptor and is not kept here. */
  readonly control: number;
  readonly owner: Sid | undefined;
  readonly group: Sid | undefined;
  /** Undefined: there is none. Null: one that allows everything to everybody (a NULL DACL). */
  readonly dacl: Acl | null | undefined;
  readonly sacl: Acl | null | undefined;
}

const headerBytes = 20;
const aclHeaderBytes = 8;
const aclBytesMax = 0xfffc;
const aceHeaderBytes = 4;
const lastSimpleType: number = ACE_TYPE.SYSTEM_ALARM;
const aclRevision = 2;
const aclRevisionDs = 4;

export function allowAce(sid: Sid, mask: number, flags: number = 0): Ace {
  return { type: ACE_TYPE.ACCESS_ALLOWED, flags, mask: mask >>> 0, sid };
}

export function denyAce(sid: Sid, mask: number, flags: number = 0): Ace {
  return { type: ACE_TYPE.ACCESS_DENIED, flags, mask: mask >>> 0, sid };
}

export function aclOf(aces: readonly Ace[]): Acl {
  return { revision: aces.some(isForObject) ? aclRevisionDs : aclRevision, aces };
}

const isForObject = (ace: Ace): boolean => ace.type >= 0x05 && ace.type <= 0x08;

/** The descriptor in these bytes; undefined for bytes that are none: INVALID_SECURITY_DESCR. */
export function parseSecurityDescriptor(source: Uint8Array): SecurityDescriptor | undefined {
  const bytes = Buffer.from(source.buffer, source.byteOffset, source.length);
  if (bytes.length < headerBytes || bytes[0] !== 1) return undefined;
  const control = bytes.readUInt16LE(2);
  if ((control & SE.SELF_RELATIVE) === 0) return undefined;
  const owner = optionalSid(bytes, bytes.readUInt32LE(4));
  const group = optionalSid(bytes, bytes.readUInt32LE(8));
  const sacl = optionalAcl(bytes, bytes.readUInt32LE(12), (control & SE.SACL_PRESENT) !== 0);
  const dacl = optionalAcl(bytes, bytes.readUInt32LE(16), (control & SE.DACL_PRESENT) !== 0);
  if (owner === false || group === false || sacl === false || dacl === false) return undefined;
  return { control: control & ~SE.SELF_RELATIVE, owner, group, dacl, sacl };
}

/** False: the list is malformed. */
function optionalSid(bytes: Buffer, at: number): Sid | undefined | false {
  if (at === 0) return undefined;
  return at < headerBytes ? false : (sidFromBytes(bytes, at) ?? false);
}

function optionalAcl(bytes: Buffer, at: number, present: boolean): Acl | null | undefined | false {
  if (!present) return undefined;
  if (at === 0) return null;
  return at < headerBytes ? false : (parseAcl(bytes, at) ?? false);
}

/** u8 AclRevision, u8 Sbz1, u16 AclSize, u16 AceCount, u16 Sbz2, then the entries. */
function parseAcl(bytes: Buffer, start: number): Acl | undefined {
  if (start + aclHeaderBytes > bytes.length) return undefined;
  const revision = bytes[start] as number;
  const end = start + bytes.readUInt16LE(start + 2);
  const count = bytes.readUInt16LE(start + 4);
  if (revision < 2 || revision > 4 || end > bytes.length) return undefined;
  const aces: Ace[] = [];
  let at = start + aclHeaderBytes;
  for (let index = 0; index < count; index++) {
    if (at + aceHeaderBytes > end) return undefined;
    const size = bytes.readUInt16LE(at + 2);
    if (size < aceHeaderBytes || at + size > end) return undefined;
    const ace = parseAce(bytes.subarray(at, at + size));
    if (ace === undefined) return undefined;
    aces.push(ace);
    at += size;
  }
  return { revision, aces };
}

/** u8 type, u8 flags, u16 size, then for the simple kinds u32 mask and the SID. */
function parseAce(bytes: Buffer): Ace | undefined {
  const type = bytes[0] as number;
  const flags = bytes[1] as number;
  if (type > lastSimpleType) {
    const body = Buffer.from(bytes.subarray(aceHeaderBytes));
    return { type, flags, mask: 0, sid: undefined, body };
  }
  const sidAt = aceHeaderBytes + 4;
  if (bytes.length < sidAt || sidBytesAt(bytes, sidAt) === 0) return undefined;
  const sid = sidFromBytes(bytes, sidAt);
  return sid === undefined ? undefined : { type, flags, mask: bytes.readUInt32LE(4), sid };
}

/**
 * The bytes of a descriptor, in Windows's order: owner, group, SACL, DACL behind the header. A SID
 * that is none is left out, which no parsed or mapped descriptor has.
 */
export function formatSecurityDescriptor(sd: SecurityDescriptor): Buffer {
  const owner = sd.owner === undefined ? undefined : sidToBytes(sd.owner);
  const group = sd.group === undefined ? undefined : sidToBytes(sd.group);
  const sacl = sd.sacl ? formatAcl(sd.sacl) : undefined;
  const dacl = sd.dacl ? formatAcl(sd.dacl) : undefined;
  const header = Buffer.alloc(headerBytes);
  const parts: Buffer[] = [header];
  let end = headerBytes;
  for (const [field, part] of [
    [4, owner],
    [8, group],
    [12, sacl],
    [16, dacl],
  ] as const) {
    if (part === undefined) continue;
    header.writeUInt32LE(end, field);
    parts.push(part);
    end += part.length;
  }
  const present =
    (sd.dacl === undefined ? 0 : SE.DACL_PRESENT) | (sd.sacl === undefined ? 0 : SE.SACL_PRESENT);
  const control = sd.control & ~(SE.DACL_PRESENT | SE.SACL_PRESENT);
  header.writeUInt8(1, 0);
  header.writeUInt16LE((control | present | SE.SELF_RELATIVE) & 0xffff, 2);
  return Buffer.concat(parts, end);
}

/**
 * A list has 64 KiB at most. Entries beyond that are cut off at its end, which grants less and
 * never more: an entry that denies only matters for those behind it.
 */
function formatAcl(acl: Acl): Buffer {
  let count = 0;
  let size = aclHeaderBytes;
  for (const ace of acl.aces) {
    const bytes = aceBytes(ace);
    if (size + bytes > aclBytesMax) break;
    size += bytes;
    count++;
  }
  const bytes = Buffer.alloc(size);
  bytes.writeUInt8(acl.revision, 0);
  bytes.writeUInt16LE(size, 2);
  bytes.writeUInt16LE(count, 4);
  let at = aclHeaderBytes;
  for (const ace of acl.aces.slice(0, count)) at += writeAce(bytes, at, ace);
  return bytes;
}

const sidBytesOf = (ace: Ace): Buffer | undefined =>
  ace.sid === undefined ? undefined : sidToBytes(ace.sid);

function aceBytes(ace: Ace): number {
  return aceHeaderBytes + (ace.body?.length ?? 4 + (sidBytesOf(ace)?.length ?? 0));
}

/** Writes an entry, and answers how many bytes it has. */
function writeAce(bytes: Buffer, at: number, ace: Ace): number {
  const size = aceBytes(ace);
  bytes.writeUInt8(ace.type, at);
  bytes.writeUInt8(ace.flags, at + 1);
  bytes.writeUInt16LE(size, at + 2);
  if (ace.body !== undefined) {
    bytes.set(ace.body, at + aceHeaderBytes);
    return size;
  }
  const sid = sidBytesOf(ace);
  bytes.writeUInt32LE(ace.mask >>> 0, at + aceHeaderBytes);
  if (sid !== undefined) bytes.set(sid, at + aceHeaderBytes + 4);
  return size;
}

/** The parts that a request asks for (IRP_MJ_QUERY_SECURITY, MS-FSA 2.1.5.14). */
export function selectSecurity(sd: SecurityDescriptor, information: number): SecurityDescriptor {
  const wants = (bit: number): boolean => (information & bit) !== 0;
  const dacl = wants(SECURITY_INFORMATION.DACL);
  const sacl = wants(SECURITY_INFORMATION.SACL) || wants(SECURITY_INFORMATION.LABEL);
  const daclBits = SE.DACL_PRESENT | SE.DACL_DEFAULTED | SE.DACL_AUTO_INHERITED | SE.DACL_PROTECTED;
  const saclBits = SE.SACL_PRESENT | SE.SACL_DEFAULTED | SE.SACL_AUTO_INHERITED | SE.SACL_PROTECTED;
  return {
    control: sd.control & ((dacl ? daclBits : 0) | (sacl ? saclBits : 0)),
    owner: wants(SECURITY_INFORMATION.OWNER) ? sd.owner : undefined,
    group: wants(SECURITY_INFORMATION.GROUP) ? sd.group : undefined,
    dacl: dacl ? sd.dacl : undefined,
    sacl: sacl ? sd.sacl : undefined,
  };
}
