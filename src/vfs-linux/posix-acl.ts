/**
 * POSIX access control lists, as the extended attributes system.posix_acl_access and
 * system.posix_acl_default have them: include/uapi/linux/posix_acl_xattr.h, version 2,
 * little-endian.
 *
 *     __le32 version, then for each entry: __le16 tag, __le16 perm, __le32 id
 *
 * The entries' order is the kernel's (fs/posix_acl.c: posix_acl_valid): owner, users by id, group,
 * groups by id, mask, others. `format` brings them into it.
 */
import { Buffer } from 'node:buffer';

export type AclTag = 'user-obj' | 'user' | 'group-obj' | 'group' | 'mask' | 'other';

export interface AclEntry {
  /** Whose permissions they are: user-obj is the file's owner, group-obj its group. */
  readonly tag: AclTag;
  /** 4 read, 2 write, 1 execute or search. */
  readonly perm: number;
  /** The user's or group's number; with 'user' and 'group' only. */
  readonly id?: number;
}

/** `access` is a file's own list; `default` is a directory's, for the files made in it. */
export type AclKind = 'access' | 'default';

/** The name of the extended attribute that holds the list. */
export function aclAttribute(kind: AclKind): string {
  return `system.posix_acl_${kind}`;
}

const version = 2;
const headerBytes = 4;
const entryBytes = 8;
const noId = 0xffffffff;
/** ACL_USER_OBJ and so on of include/uapi/linux/posix_acl.h, in the order they must have. */
const tags: ReadonlyMap<AclTag, number> = new Map([
  ['user-obj', 0x01],
  ['user', 0x02],
  ['group-obj', 0x04],
  ['group', 0x08],
  ['mask', 0x10],
  ['other', 0x20],
]);
const tagNames: ReadonlyMap<number, AclTag> = new Map([...tags].map(([name, tag]) => [tag, name]));

/** Whether the tag stands for any tag of an access control list. */
export const isAclTag = (tag: string): tag is AclTag => tags.has(tag as AclTag);

/** Whether an entry with this tag names a user or a group by its id. */
export const hasId = (tag: AclTag): boolean => tag === 'user' || tag === 'group';

/** The entries of an attribute's value; undefined where it is not a list of version 2. */
export function parsePosixAcl(value: Uint8Array): AclEntry[] | undefined {
  const bytes = Buffer.from(value.buffer, value.byteOffset, value.length);
  if (bytes.length < headerBytes || (bytes.length - headerBytes) % entryBytes !== 0)
    return undefined;
  if (bytes.readUInt32LE(0) !== version) return undefined;
  const entries: AclEntry[] = [];
  for (let at = headerBytes; at < bytes.length; at += entryBytes) {
    const tag = tagNames.get(bytes.readUInt16LE(at));
    if (tag === undefined) return undefined;
    const perm = bytes.readUInt16LE(at + 2);
    entries.push(hasId(tag) ? { tag, perm, id: bytes.readUInt32LE(at + 4) } : { tag, perm });
  }
  return entries;
}

/**
 * The attribute's value for these entries, in any order. The kernel judges whether the list is
 * complete. Throws RangeError for permissions above 7, an unknown tag, and an id that the tag does
 * not take.
 */
export function formatPosixAcl(entries: readonly AclEntry[]): Buffer {
  const order = [...entries].sort(
    (a, b) => tagNumber(a.tag) - tagNumber(b.tag) || (a.id ?? 0) - (b.id ?? 0),
  );
  const value = Buffer.alloc(headerBytes + order.length * entryBytes);
  value.writeUInt32LE(version, 0);
  order.forEach((entry, index) => {
    const at = headerBytes + index * entryBytes;
    const { perm, id } = entry;
    if (!Number.isInteger(perm) || perm < 0 || perm > 7) throw new RangeError(`perm ${perm}`);
    if (hasId(entry.tag) !== (id !== undefined)) throw new RangeError(`${entry.tag} with id ${id}`);
    value.writeUInt16LE(tagNumber(entry.tag), at);
    value.writeUInt16LE(perm, at + 2);
    value.writeUInt32LE(id ?? noId, at + 4);
  });
  return value;
}

function tagNumber(tag: AclTag): number {
  const number = tags.get(tag);
  if (number === undefined) throw new RangeError(`tag ${tag}`);
  return number;
}
