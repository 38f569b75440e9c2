/**
 * A security descriptor as mode, owner, group and POSIX ACL: the way back from acl-map.ts.
 *
 * The list is read as Windows would read it for each account in it: what the account's own entries
 * and Everyone's grant, in their order, is its rwx. Everyone and Authenticated Users are the
 * others.
 *
 * What does not fit, and what becomes of it:
 *   - rights between r, w and x (append without write, delete, change of permissions) are lost;
 *     delete on Linux is the directory's to give;
 *   - an account without a number of Linux is passed over where it is given something or denied it,
 *     and refused as an owner or a group (INVALID_OWNER, INVALID_PRIMARY_GROUP);
 *   - each account is read by itself: Linux never takes from an owner or a named user what one of
 *     his groups is denied, nor gives it to him for what a group is allowed;
 *   - entries that are handed on to files only, or to directories only, are handed on to both;
 *   - a list that is not there or NULL is rwx for everybody; audits are not kept;
 *   - setuid, setgid and sticky have no place in a descriptor: they stay as they were.
 *
 * Invariant: the descriptor that shows permissions, unchanged, leads back to the same permissions
 * (the effective ones, where a mask takes away from what entries give).
 */
import { abi } from '../../vfs-linux/abi.gen.ts';
import type { AclEntry } from '../../vfs-linux/posix-acl.ts';
import { type NtStatus, STATUS } from '../translate/ntstatus.ts';
import { ACCESS, FILE_GENERIC_MAPPING, mapGenericMask } from './access-rights.ts';
import { type LinuxPermissions, securityDescriptorOf } from './acl-map.ts';
import {
  ACE_FLAG,
  ACE_TYPE,
  type Ace,
  type Acl,
  type SecurityDescriptor,
} from './security-descriptor.ts';
import { type Sid, wellKnownSid } from './sid.ts';
import type { AccountSids } from './sid-map.ts';

export interface PermissionsResult {
  readonly status: NtStatus;
  /** Only with SUCCESS. An undefined ACL means that the inode's is removed. */
  readonly permissions: LinuxPermissions | undefined;
}

const specialBits = 0o7000;
const others: ReadonlySet<Sid> = new Set([wellKnownSid.EVERYONE, wellKnownSid.AUTHENTICATED_USERS]);
const notAccounts: ReadonlySet<Sid> = new Set([
  ...others,
  wellKnownSid.NULL,
  wellKnownSid.CREATOR_OWNER,
  wellKnownSid.CREATOR_GROUP,
  wellKnownSid.OWNER_RIGHTS,
]);

/**
 * The permissions that a descriptor asks for. `previous` is what the inode has: what the descriptor
 * says nothing about (no owner, no list) stays as it is there, and so do setuid, setgid, sticky and
 * the type.
 */
export function permissionsOf(
  sd: SecurityDescriptor,
  previous: LinuxPermissions,
  map: AccountSids,
): PermissionsResult {
  const uid = sd.owner === undefined ? previous.uid : map.sidToUid(sd.owner);
  if (uid === undefined) return { status: STATUS.INVALID_OWNER, permissions: undefined };
  const gid = sd.group === undefined ? previous.gid : map.sidToGid(sd.group);
  if (gid === undefined) return { status: STATUS.INVALID_PRIMARY_GROUP, permissions: undefined };
  const kept = { ...previous, uid, gid };
  const unchanged =
    sd.dacl === undefined || sameDacl(sd.dacl, securityDescriptorOf(previous, map).dacl);
  if (unchanged) return { status: STATUS.SUCCESS, permissions: kept };
  const owner = sd.owner ?? map.uidToSid(uid);
  const group = sd.group ?? map.gidToSid(gid);
  const aces = sd.dacl?.aces ?? [fullAccess];
  const isDirectory = (previous.mode & abi.S_IFMT) === abi.S_IFDIR;
  const access = aclOfAces(aces.filter(isEffective), { owner, group }, map);
  const handed = isDirectory ? aces.filter(isHandedOn) : [];
  const creators = {
    owner: wellKnownSid.CREATOR_OWNER,
    group: wellKnownSid.CREATOR_GROUP,
  };
  const defaultAcl = handed.length === 0 ? undefined : aclOfAces(handed, creators, map);
  const mode = (previous.mode & (abi.S_IFMT | specialBits)) | modeOfAcl(access);
  const accessAcl = access.length > 3 ? access : undefined;
  return { status: STATUS.SUCCESS, permissions: { mode, uid, gid, accessAcl, defaultAcl } };
}

const fullAccess: Ace = {
  type: ACE_TYPE.ACCESS_ALLOWED,
  flags: 0,
  mask: ACCESS.FILE_ALL_ACCESS,
  sid: wellKnownSid.EVERYONE,
};

const isEffective = (ace: Ace): boolean => (ace.flags & ACE_FLAG.INHERIT_ONLY) === 0;
const isHandedOn = (ace: Ace): boolean =>
  (ace.flags & (ACE_FLAG.OBJECT_INHERIT | ACE_FLAG.CONTAINER_INHERIT)) !== 0;

/** Whether two lists are the same, apart from Windows' marks of inheritance. */
function sameDacl(a: Acl | null, b: Acl | null | undefined): boolean {
  if (a === null || !b || a.aces.length !== b.aces.length) return false;
  return a.aces.every((ace, index) => {
    const other = b.aces[index] as Ace;
    return (
      ace.type === other.type &&
      ace.flags === other.flags &&
      ace.mask === other.mask &&
      ace.sid === other.sid
    );
  });
}

function permOfAccess(access: number): number {
  return (
    ((access & ACCESS.READ_DATA) === 0 ? 0 : 4) |
    ((access & ACCESS.WRITE_DATA) === 0 ? 0 : 2) |
    ((access & ACCESS.EXECUTE) === 0 ? 0 : 1)
  );
}

/** The rwx bits that these entries, in their order, give to a user who is all of these accounts. */
function permOf(aces: readonly Ace[], is: (sid: Sid) => boolean): number {
  let granted = 0;
  let denied = 0;
  for (const ace of aces) {
    if (ace.sid === undefined || !is(ace.sid)) continue;
    const mask = mapGenericMask(ace.mask, FILE_GENERIC_MAPPING);
    if (ace.type === ACE_TYPE.ACCESS_ALLOWED) granted |= mask & ~denied;
    else if (ace.type === ACE_TYPE.ACCESS_DENIED) denied |= mask & ~granted;
  }
  return permOfAccess(granted);
}

interface Principals {
  readonly owner: Sid;
  readonly group: Sid;
}

/**
 * The POSIX ACL of entries: the three of a mode, and named ones with a mask where there are any.
 */
function aclOfAces(
  aces: readonly Ace[],
  { owner, group }: Principals,
  map: AccountSids,
): AclEntry[] {
  const isOther = (sid: Sid): boolean => others.has(sid);
  const isOwner = (sid: Sid): boolean =>
    sid === owner || sid === wellKnownSid.OWNER_RIGHTS || isOther(sid);
  const isGroup = (sid: Sid): boolean => sid === group || isOther(sid);
  const named = namedEntries(aces, owner, group, map);
  const split = owner === group ? secondAllow(aces, owner) : undefined;
  const isOwners = (ace: Ace, index: number): boolean =>
    split === undefined || ace.sid !== owner || index < split;
  const isGroups = (ace: Ace, index: number): boolean =>
    split === undefined || ace.sid !== group || index >= split;
  const entries: AclEntry[] = [
    { tag: 'user-obj', perm: permOf(aces.filter(isOwners), isOwner) },
    ...named.filter((entry) => entry.tag === 'user'),
    { tag: 'group-obj', perm: permOf(aces.filter(isGroups), isGroup) },
    ...named.filter((entry) => entry.tag === 'group'),
  ];
  const other = permOf(aces, isOther);
  if (named.length > 0) {
    let mask = 0;
    for (const { tag, perm } of entries) if (tag !== 'user-obj') mask |= perm;
    // Linux does not look at the entries under a mask of 0 (acl-map.ts), and who is denied
    // everything would have what the others have.
    entries.push({ tag: 'mask', perm: mask === 0 ? other : mask });
  }
  entries.push({ tag: 'other', perm: other });
  return entries;
}

/**
 * Where one SID is owner and group (Cygwin's rules do that to uid 1000 and gid 1000), its first
 * entry that allows is the owner's, and from the second on they are the group's. With one alone,
 * the group has what the others have: Linux's group has members that the SID has not.
 */
function secondAllow(aces: readonly Ace[], sid: Sid): number {
  const isAllow = (ace: Ace): boolean => ace.sid === sid && ace.type === ACE_TYPE.ACCESS_ALLOWED;
  const first = aces.findIndex(isAllow);
  const second = aces.findIndex((ace, index) => index > first && isAllow(ace));
  return second < 0 ? aces.length : second;
}

/** The accounts besides owner, group and others, each once; a SID that is a group's is a group. */
function namedEntries(
  aces: readonly Ace[],
  owner: Sid,
  group: Sid,
  map: AccountSids,
): readonly AclEntry[] {
  const entries: AclEntry[] = [];
  const seen = new Set<Sid>([owner, group, ...notAccounts]);
  for (const { sid } of aces) {
    if (sid === undefined || seen.has(sid)) continue;
    seen.add(sid);
    const uid = map.sidToUid(sid);
    const gid = map.sidToGid(sid);
    const isGroup = gid !== undefined && (uid === undefined || isGroupSid(sid));
    const id = isGroup ? gid : uid;
    if (id === undefined) continue;
    const perm = permOf(aces, (other) => other === sid || others.has(other));
    entries.push({ tag: isGroup ? 'group' : 'user', perm, id });
  }
  return entries;
}

/** SIDs that Cygwin's rules give to a uid and a gid alike: those that are a group's on Windows. */
function isGroupSid(sid: Sid): boolean {
  if (/^S-1-5-32-\d+$/.test(sid)) return true;
  const rid = /^S-1-5-21-\d+-\d+-\d+-(\d+)$/.exec(sid)?.[1];
  const number = Number(rid);
  // The domain's built-in groups: Domain Admins to Key Admins. The built-in users are 500 to 503.
  if (rid !== undefined) return number >= 512 && number <= 527;
  return /^S-1-(?:[123]-\d+|5-(?:[1-9]|1[0-7]))$/.test(sid);
}

/**
 * The permission bits that stat(2) would show: the mask stands for the group where there is one.
 */
function modeOfAcl(entries: readonly AclEntry[]): number {
  const permOfTag = (tag: AclEntry['tag']): number | undefined =>
    entries.find((entry) => entry.tag === tag)?.perm;
  const group = permOfTag('mask') ?? permOfTag('group-obj') ?? 0;
  return ((permOfTag('user-obj') ?? 0) << 6) | (group << 3) | (permOfTag('other') ?? 0);
}
