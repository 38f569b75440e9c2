/** NtQuerySecurityObject, NtSetSecurityObject, and the encoding of self-relative descriptors. */
import { mayNot } from './data.ts';
import type { Driver } from './driver.ts';
import type { FileDesc } from './file-node.ts';
import { access, securityPart, status, succeeds } from './nt.ts';
import { ProtocolFault } from './protocol-fault.ts';
import { kind, Request } from './record.ts';
import { everyone } from './token.ts';

export interface Ace {
  /** 0 allows, 1 denies. */
  readonly type: number;
  /** OBJECT_INHERIT 1, CONTAINER_INHERIT 2, NO_PROPAGATE 4, INHERIT_ONLY 8, INHERITED 0x10. */
  readonly flags: number;
  readonly mask: number;
  readonly sid: string;
}

export interface Descriptor {
  readonly control: number;
  readonly owner?: string;
  readonly group?: string;
  /** Null is a NULL DACL: it grants everyone every right. */
  readonly dacl?: readonly Ace[] | null;
}

export const control = { DACL_PRESENT: 4, SACL_PRESENT: 0x10, DACL_PROTECTED: 0x1000 } as const;
const selfRelative = 0x8000;

export function encodeSid(text: string): Buffer {
  const [, revision, authority, ...rest] = text.split('-');
  const sid = Buffer.alloc(8 + rest.length * 4);
  sid.writeUInt8(Number(revision), 0);
  sid.writeUInt8(rest.length, 1);
  sid.writeUIntBE(Number(authority), 2, 6);
  rest.forEach((part, index) => {
    sid.writeUInt32LE(Number(part), 8 + index * 4);
  });
  return sid;
}

export function decodeSid(bytes: Buffer, at: number): string {
  const count = bytes.readUInt8(at + 1);
  const parts = Array.from({ length: count }, (_, i) => bytes.readUInt32LE(at + 8 + i * 4));
  return ['S', bytes.readUInt8(at), bytes.readUIntBE(at + 2, 6), ...parts].join('-');
}

function encodeAcl(aces: readonly Ace[]): Buffer {
  const parts = aces.map(({ type, flags, mask, sid }) => {
    const encoded = encodeSid(sid);
    const ace = Buffer.alloc(8 + encoded.length);
    ace.writeUInt8(type, 0);
    ace.writeUInt8(flags, 1);
    ace.writeUInt16LE(ace.length, 2);
    ace.writeUInt32LE(mask >>> 0, 4);
    encoded.copy(ace, 8);
    return ace;
  });
  const acl = Buffer.concat([Buffer.alloc(8), ...parts]);
  acl.writeUInt8(2, 0);
  acl.writeUInt16LE(acl.length, 2);
  acl.writeUInt16LE(aces.length, 4);
  return acl;
}

export function encodeDescriptor(descriptor: Descriptor): Buffer {
  const { owner, group, dacl } = descriptor;
  const parts: (Buffer | undefined)[] = [
    owner === undefined ? undefined : encodeSid(owner),
    group === undefined ? undefined : encodeSid(group),
    undefined,
    dacl === undefined || dacl === null ? undefined : encodeAcl(dacl),
  ];
  const header = Buffer.alloc(20);
  header.writeUInt8(1, 0);
  const present = dacl === undefined ? 0 : control.DACL_PRESENT;
  header.writeUInt16LE(selfRelative | present | descriptor.control, 2);
  let at = header.length;
  parts.forEach((part, index) => {
    if (part === undefined) return;
    header.writeUInt32LE(at, 4 + index * 4);
    at += part.length;
  });
  return Buffer.concat([header, ...parts.filter((part) => part !== undefined)]);
}

function decodeAcl(bytes: Buffer, at: number): Ace[] {
  if (at + 8 > bytes.length || at + bytes.readUInt16LE(at + 2) > bytes.length) {
    throw new ProtocolFault('an ACL leaves its descriptor');
  }
  const aces: Ace[] = [];
  let next = at + 8;
  for (let i = 0; i < bytes.readUInt16LE(at + 4); i++) {
    const size = bytes.readUInt16LE(next + 2);
    if (size % 4 !== 0 || next + size > bytes.length) throw new ProtocolFault('a bad ACE');
    aces.push({
      type: bytes.readUInt8(next),
      flags: bytes.readUInt8(next + 1),
      mask: bytes.readUInt32LE(next + 4),
      sid: decodeSid(bytes, next + 8),
    });
    next += size;
  }
  return aces;
}

/** Throws a ProtocolFault for a descriptor that RtlValidRelativeSecurityDescriptor rejects. */
export function decodeDescriptor(bytes: Buffer): Descriptor {
  if (bytes.length < 20 || bytes.readUInt8(0) !== 1) throw new ProtocolFault('no descriptor');
  const bits = bytes.readUInt16LE(2);
  if ((bits & selfRelative) === 0) throw new ProtocolFault('a descriptor is not self-relative');
  const sid = (at: number): string | undefined => {
    const offset = bytes.readUInt32LE(at);
    return offset === 0 ? undefined : decodeSid(bytes, offset);
  };
  const owner = sid(4);
  const group = sid(8);
  const daclAt = bytes.readUInt32LE(16);
  const dacl = daclAt === 0 ? null : decodeAcl(bytes, daclAt);
  return {
    control: bits & ~(selfRelative | control.DACL_PRESENT),
    ...(owner === undefined ? {} : { owner }),
    ...(group === undefined ? {} : { group }),
    ...((bits & control.DACL_PRESENT) === 0 ? {} : { dacl }),
  };
}

export interface SecurityAnswer {
  readonly status: number;
  readonly descriptor?: Descriptor;
}

/**
 * The descriptor of SeAssignWorldSecurityDescriptor. A file system without descriptors answers
 * INVALID_DEVICE_REQUEST. The I/O manager then answers a query with this descriptor, and a set with
 * success (IopGetSetSecurityObject; ReactOS ntoskrnl/io/iomgr/file.c).
 */
const worldDescriptor: Descriptor = {
  control: 0,
  owner: everyone,
  group: everyone,
  dacl: [{ type: 0, flags: 0, mask: access.ALL, sid: everyone }],
};

export async function querySecurity(
  driver: Driver,
  file: FileDesc,
  parts: number,
): Promise<SecurityAnswer> {
  const { OWNER, GROUP, DACL, SACL } = securityPart;
  if ((parts & (OWNER | GROUP | DACL)) !== 0 && mayNot(file, access.READ_CONTROL)) {
    return { status: status.ACCESS_DENIED };
  }
  if ((parts & SACL) !== 0 && mayNot(file, access.SYSTEM_SECURITY)) {
    return { status: status.ACCESS_DENIED };
  }
  const { node } = file;
  return await node.lock.shared(async () => {
    let bytes = driver.kept(node.security);
    if (bytes === undefined) {
      const request = new Request(kind.QUERY_SECURITY, node.name);
      const response = await driver.send(request.contexts(node.userContext, file.userContext2));
      if (response.status === status.INVALID_DEVICE_REQUEST) {
        return { status: status.SUCCESS, descriptor: worldDescriptor };
      }
      if (!succeeds(response.status)) return { status: response.status };
      bytes = response.blob(24);
      node.security = driver.keep(bytes, driver.parameters.securityTimeoutMs);
    }
    const { owner, group, dacl, control: bits } = decodeDescriptor(bytes);
    const descriptor = {
      control: bits,
      ...(owner !== undefined && (parts & OWNER) !== 0 ? { owner } : {}),
      ...(group !== undefined && (parts & GROUP) !== 0 ? { group } : {}),
      ...(dacl !== undefined && (parts & DACL) !== 0 ? { dacl } : {}),
    };
    return { status: status.SUCCESS, descriptor };
  });
}

export async function setSecurity(
  driver: Driver,
  file: FileDesc,
  parts: number,
  descriptor: Descriptor,
): Promise<number> {
  const { OWNER, GROUP, DACL } = securityPart;
  if ((parts & (OWNER | GROUP)) !== 0 && mayNot(file, access.WRITE_OWNER)) {
    return status.ACCESS_DENIED;
  }
  if ((parts & DACL) !== 0 && mayNot(file, access.WRITE_DAC)) return status.ACCESS_DENIED;
  const { node } = file;
  return await node.lock.exclusive(async () => {
    const request = new Request(kind.SET_SECURITY, node.name)
      .contexts(node.userContext, file.userContext2)
      .u32(32, parts)
      .blob(36, encodeDescriptor(descriptor));
    const response = await driver.send(request);
    if (response.status === status.INVALID_DEVICE_REQUEST) return status.SUCCESS;
    if (!succeeds(response.status)) return response.status;
    node.info = undefined;
    const bytes = response.blob(24);
    node.security = undefined;
    if (bytes.length > 0) {
      decodeDescriptor(bytes);
      node.security = driver.keep(bytes, driver.parameters.securityTimeoutMs);
    }
    file.didSetSecurity = true;
    file.didSetMetadata = true;
    driver.invalidateParent(node.name);
    return response.status;
  });
}
