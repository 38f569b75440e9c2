/**
 * Mode, owner, group and POSIX ACL as a security descriptor.
 *
 * The list is protected and has, in this order:
 *
 *     owner allow, [owner deny], users allow, [users deny], group and groups allow, [their deny],
 *     Everyone allow; then, from a directory's default ACL, the same again to be handed on
 *
 * Everybody may read attributes and the descriptor; the owner may also delete, change both and
 * write attributes. r is READ_DATA, x is EXECUTE, w is WRITE_DATA and APPEND_DATA with the
 * attributes and EAs (a program that opens for GENERIC_WRITE asks for those too), and on a
 * directory DELETE_CHILD, which a sticky directory gives to its owner only. As Linux asks just one
 * class and Windows adds them up, a class is denied what a later one has and it has not.
 *
 * acl-unmap.ts goes the other way. What does not fit is written there.
 */
import { abi } from '../../vfs-linux/abi.gen.ts';
import type { AclEntry } from '../../vfs-linux/posix-acl.ts';
import { ACCESS } from './access-rights.ts';
import {
  ACE_FLAG,
  type Ace,
  aclOf,
  allowAce,
  denyAce,
  SE,
  type SecurityDescriptor,
} from './security-descriptor.ts';
import { type Sid, wellKnownSid } from './sid.ts';
import type { AccountSids } from './sid-map.ts';

/** Linux's owner, mode and ACLs of an inode. A Statx has the first three. */
export interface LinuxPermissions {
  /** Type and permissions. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** system.posix_acl_access; undefined or empty where the mode says all. */
  readonly accessAcl?: readonly AclEntry[] | undefined;
  /** system.posix_acl_default of a directory. */
  readonly defaultAcl?: readonly AclEntry[] | undefined;
}

const stickyBit = 0o1000;
const everybodysAccess =
  ACCESS.SYNCHRONIZE | ACCESS.READ_CONTROL | ACCESS.READ_ATTRIBUTES | ACCESS.READ_EA;
const ownersAccess =
  everybodysAccess |
  ACCESS.DELETE |
  ACCESS.WRITE_DAC |
  ACCESS.WRITE_OWNER |
  ACCESS.WRITE_ATTRIBUTES |
  ACCESS.WRITE_EA;
const writeAccess =
  ACCESS.WRITE_DATA | ACCESS.APPEND_DATA | ACCESS.WRITE_ATTRIBUTES | ACCESS.WRITE_EA;

/** A class of users (owner, group, others, a named account) and its rwx bits. */
interface Class {
  readonly kind: 'owner' | 'user' | 'group' | 'other';
  readonly sid: Sid;
  readonly perm: number;
}

/** The rights of rwx, without those that everybody has. */
function accessOfPerm(perm: number, isDirectory: boolean, deletesChildren: boolean): number {
  return (
    ((perm & 4) === 0 ? 0 : ACCESS.READ_DATA) |
    ((perm & 2) === 0
      ? 0
      : writeAccess | (isDirectory && deletesChildren ? ACCESS.DELETE_CHILD : 0)) |
    ((perm & 1) === 0 ? 0 : ACCESS.EXECUTE)
  );
}

/**
 * The classes of an access or default ACL (effective: under its mask), in the order of their
 * entries.
 */
function classesOfAcl(
  entries: readonly AclEntry[],
  ownerSid: Sid,
  groupSid: Sid,
  map: AccountSids,
): Class[] {
  const mask = entries.find((entry) => entry.tag === 'mask')?.perm ?? 7;
  // fs/namei.c, acl_permission_check: Linux does not look at the entries when the group's bits of
  // the mode, which the mask is, are all 0. Then the named ones are as others.
  const countsNamed = mask !== 0;
  const users: Class[] = [];
  const groups: Class[] = [];
  let owner: Class | undefined;
  let other: Class | undefined;
  for (const { tag, perm, id } of entries) {
    if (tag === 'user-obj') owner = { kind: 'owner', sid: ownerSid, perm };
    else if (tag === 'other') other = { kind: 'other', sid: wellKnownSid.EVERYONE, perm };
    else if (tag === 'group-obj')
      groups.unshift({ kind: 'group', sid: groupSid, perm: perm & mask });
    else if (tag === 'user' && countsNamed) {
      users.push({ kind: 'user', sid: map.uidToSid(id ?? 0), perm: perm & mask });
    } else if (tag === 'group' && countsNamed) {
      groups.push({ kind: 'group', sid: map.gidToSid(id ?? 0), perm: perm & mask });
    }
  }
  return [
    owner ?? { kind: 'owner', sid: ownerSid, perm: 0 },
    ...users,
    ...groups,
    other ?? { kind: 'other', sid: wellKnownSid.EVERYONE, perm: 0 },
  ];
}

/** The three classes of a mode. */
function classesOfMode(mode: number, ownerSid: Sid, groupSid: Sid): Class[] {
  return [
    { kind: 'owner', sid: ownerSid, perm: (mode >> 6) & 7 },
    { kind: 'group', sid: groupSid, perm: (mode >> 3) & 7 },
    { kind: 'other', sid: wellKnownSid.EVERYONE, perm: mode & 7 },
  ];
}

/** The entries of classes in their order. */
function acesOfClasses(
  classes: readonly Class[],
  isDirectory: boolean,
  isSticky: boolean,
  flags: number,
): Ace[] {
  const aces: Ace[] = [];
  const groupDenies: Ace[] = [];
  const groupsEnd = classes.length - 1;
  classes.forEach((cls, index) => {
    const isOwner = cls.kind === 'owner';
    const base = isOwner ? ownersAccess : everybodysAccess;
    const allowed = base | accessOfPerm(cls.perm, isDirectory, isOwner || !isSticky);
    aces.push(allowAce(cls.sid, allowed, flags));
    // Denied is what a later class adds; a group's denial must not hide another group's grant.
    let later = 0;
    const from = cls.kind === 'group' ? groupsEnd : index + 1;
    for (const other of classes.slice(from)) {
      if (other !== cls) later |= accessOfPerm(other.perm, isDirectory, !isSticky);
    }
    const denied = later & ~allowed;
    if (denied !== 0) {
      (cls.kind === 'group' ? groupDenies : aces).push(denyAce(cls.sid, denied, flags));
    }
    if (index === groupsEnd - 1) aces.push(...groupDenies);
  });
  return aces;
}

const handedOn = ACE_FLAG.OBJECT_INHERIT | ACE_FLAG.CONTAINER_INHERIT | ACE_FLAG.INHERIT_ONLY;

/** The descriptor that shows these permissions. */
export function securityDescriptorOf(
  permissions: LinuxPermissions,
  map: AccountSids,
): SecurityDescriptor {
  const { mode, uid, gid, accessAcl, defaultAcl } = permissions;
  const isDirectory = (mode & abi.S_IFMT) === abi.S_IFDIR;
  const isSticky = isDirectory && (mode & stickyBit) !== 0;
  const owner = map.uidToSid(uid);
  const group = map.gidToSid(gid);
  const classes =
    accessAcl === undefined || accessAcl.length === 0
      ? classesOfMode(mode, owner, group)
      : classesOfAcl(accessAcl, owner, group, map);
  const aces = acesOfClasses(classes, isDirectory, isSticky, 0);
  if (isDirectory && defaultAcl !== undefined && defaultAcl.length > 0) {
    const { CREATOR_OWNER, CREATOR_GROUP } = wellKnownSid;
    const inherited = classesOfAcl(defaultAcl, CREATOR_OWNER, CREATOR_GROUP, map);
    aces.push(...acesOfClasses(inherited, true, false, handedOn));
  }
  const control = SE.DACL_PRESENT | SE.DACL_PROTECTED;
  return { control, owner, group, dacl: aclOf(aces), sacl: undefined };
}
