/**
 * Security descriptors of new objects, and changes to those of old ones:
 * CreatePrivateObjectSecurityEx and SetPrivateObjectSecurity (MS-DTYP 2.5.3.4).
 *
 * A new object has the entries that its maker gave, and the parent's inheritable ones unless the
 * maker's list is protected. With neither it has the token's default list. Entries for CREATOR
 * OWNER and CREATOR GROUP become entries for the object's own owner and group; in a directory the
 * general entry is kept too, for objects that are made below.
 */
import { type NtStatus, STATUS } from '../translate/ntstatus.ts';
import { type AccessToken, SE_GROUP } from './access-check.ts';
import { ACCESS, type GenericMapping, mapGenericMask } from './access-rights.ts';
import {
  ACE_FLAG,
  type Ace,
  type Acl,
  aclOf,
  allowAce,
  SE,
  SECURITY_INFORMATION,
  type SecurityDescriptor,
} from './security-descriptor.ts';
import { type Sid, wellKnownSid } from './sid.ts';

export interface SecurityResult {
  readonly status: NtStatus;
  /** Only with SUCCESS. */
  readonly sd: SecurityDescriptor | undefined;
}

export interface NewSecurity extends SecurityResult {
  /**
   * Whose list it is: the maker's (with what is inherited), the parent's, or nobody's. With
   * 'default' a Linux file system has a better idea than the token: the mode that its umask gives.
   */
  readonly daclFrom: 'creator' | 'parent' | 'default';
}

export interface NewObject {
  readonly parent: SecurityDescriptor | undefined;
  /** What the request to create gave. */
  readonly creator: SecurityDescriptor | undefined;
  readonly isDirectory: boolean;
  readonly token: AccessToken;
  readonly mapping: GenericMapping;
}

const inheritFlags =
  ACE_FLAG.OBJECT_INHERIT |
  ACE_FLAG.CONTAINER_INHERIT |
  ACE_FLAG.NO_PROPAGATE_INHERIT |
  ACE_FLAG.INHERIT_ONLY;

/** Whether a list has anything that a new file or directory in this one gets. */
export function hasInheritableAces(acl: Acl | null | undefined, isDirectory: boolean): boolean {
  return acl ? inheritedAces(acl, isDirectory, '', '', undefined).length > 0 : false;
}

/**
 * The descriptor of a new file or directory; INVALID_OWNER for an owner that the token may not
 * give.
 */
export function createObjectSecurity(object: NewObject): NewSecurity {
  const { creator, token } = object;
  const owner = creator?.owner ?? token.ownerSid ?? token.userSid;
  if (creator?.owner !== undefined && !mayOwn(token, owner)) {
    return { status: STATUS.INVALID_OWNER, sd: undefined, daclFrom: 'default' };
  }
  const group = creator?.group ?? token.primaryGroupSid ?? object.parent?.group ?? owner;
  const dacl = newDacl(object, owner, group);
  const sacl = creator?.sacl ?? undefined;
  const control =
    ((creator?.control ?? 0) & (SE.DACL_PROTECTED | SE.SACL_PROTECTED)) |
    (dacl.isAutoInherited ? SE.DACL_AUTO_INHERITED : 0) |
    SE.DACL_PRESENT |
    (sacl === undefined ? 0 : SE.SACL_PRESENT);
  const sd = { control, owner, group, dacl: dacl.acl, sacl };
  return { status: STATUS.SUCCESS, sd, daclFrom: dacl.from };
}

/** A user may make himself or an owning group the owner; with the restore privilege, anybody. */
export function mayOwn(token: AccessToken, owner: Sid): boolean {
  if (token.privileges.has('SeRestorePrivilege')) return true;
  if (owner === token.userSid) return true;
  return token.groups.some(
    ({ sid, attributes }) => sid === owner && (attributes & SE_GROUP.OWNER) !== 0,
  );
}

interface NewDacl {
  readonly acl: Acl | null;
  readonly from: NewSecurity['daclFrom'];
  readonly isAutoInherited: boolean;
}

function newDacl(object: NewObject, owner: Sid, group: Sid): NewDacl {
  const { creator, parent, isDirectory, mapping } = object;
  const given = creator?.dacl;
  const isDefault = given === undefined || ((creator?.control ?? 0) & SE.DACL_DEFAULTED) !== 0;
  if (!isDefault && given === null) {
    return { acl: null, from: 'creator', isAutoInherited: false };
  }
  const isProtected = !isDefault && ((creator?.control ?? 0) & SE.DACL_PROTECTED) !== 0;
  const inherited =
    parent?.dacl && !isProtected
      ? inheritedAces(parent.dacl, isDirectory, owner, group, mapping)
      : [];
  // The maker's entries that pretend to be inherited are not kept where the parent's are at hand.
  const own = isDefault
    ? []
    : (given?.aces ?? []).filter((ace) => isProtected || (ace.flags & ACE_FLAG.INHERITED) === 0);
  if (isDefault && inherited.length === 0) {
    const acl = given ?? defaultDacl(object.token, owner);
    return { acl, from: 'default', isAutoInherited: false };
  }
  const specific = own.flatMap((ace) => explicitAces(ace, isDirectory, owner, group, mapping));
  return {
    acl: aclOf([...specific, ...inherited]),
    from: isDefault ? 'parent' : 'creator',
    isAutoInherited: inherited.length > 0,
  };
}

/** What a token without a list of its own gives: everything to the owner and to the system. */
function defaultDacl(token: AccessToken, owner: Sid): Acl {
  const all = ACCESS.FILE_ALL_ACCESS;
  const aces = [allowAce(owner, all), allowAce(wellKnownSid.LOCAL_SYSTEM, all)];
  return aclOf(owner === token.userSid ? aces : [...aces, allowAce(token.userSid, all)]);
}

function creatorSid(sid: Sid | undefined, owner: Sid, group: Sid): Sid | undefined {
  if (sid === wellKnownSid.CREATOR_OWNER) return owner;
  return sid === wellKnownSid.CREATOR_GROUP ? group : sid;
}

const mapped = (mask: number, mapping: GenericMapping | undefined): number =>
  mapping === undefined ? mask : mapGenericMask(mask, mapping);

/**
 * The entries that a new object gets from its parent's list. A directory keeps the flags that hand
 * an entry on; one for files only comes along to be handed on (INHERIT_ONLY).
 */
export function inheritedAces(
  acl: Acl,
  isDirectory: boolean,
  owner: Sid,
  group: Sid,
  mapping: GenericMapping | undefined,
): Ace[] {
  return acl.aces.flatMap((ace) => {
    const { flags } = ace;
    const toObjects = (flags & ACE_FLAG.OBJECT_INHERIT) !== 0;
    const toContainers = (flags & ACE_FLAG.CONTAINER_INHERIT) !== 0;
    const stops = (flags & ACE_FLAG.NO_PROPAGATE_INHERIT) !== 0;
    if (!isDirectory) {
      return toObjects ? [effectiveAce(ace, ACE_FLAG.INHERITED, owner, group, mapping)] : [];
    }
    if (stops) {
      return toContainers ? [effectiveAce(ace, ACE_FLAG.INHERITED, owner, group, mapping)] : [];
    }
    const handed = flags & (ACE_FLAG.OBJECT_INHERIT | ACE_FLAG.CONTAINER_INHERIT);
    if (toContainers) {
      return splitAce(ace, handed | ACE_FLAG.INHERITED, owner, group, mapping);
    }
    const waiting = handed | ACE_FLAG.INHERIT_ONLY | ACE_FLAG.INHERITED;
    return toObjects ? [{ ...ace, flags: waiting }] : [];
  });
}

function effectiveAce(
  ace: Ace,
  flags: number,
  owner: Sid,
  group: Sid,
  mapping: GenericMapping | undefined,
): Ace {
  return { ...ace, flags, mask: mapped(ace.mask, mapping), sid: creatorSid(ace.sid, owner, group) };
}

/**
 * An entry in effect and handed on: two entries, where these differ.
 */
function splitAce(
  ace: Ace,
  flags: number,
  owner: Sid,
  group: Sid,
  mapping: GenericMapping | undefined,
): Ace[] {
  const kept = flags & ~inheritFlags;
  const effective = effectiveAce(ace, kept, owner, group, mapping);
  if (effective.sid === ace.sid && effective.mask === ace.mask) return [{ ...ace, flags }];
  return [effective, { ...ace, flags: flags | ACE_FLAG.INHERIT_ONLY }];
}

/** An entry that the maker gave. */
function explicitAces(
  ace: Ace,
  isDirectory: boolean,
  owner: Sid,
  group: Sid,
  mapping: GenericMapping,
): Ace[] {
  // On a file, the flags that hand on are kept: they mean nothing, as there is nothing below.
  const handsOn = ACE_FLAG.OBJECT_INHERIT | ACE_FLAG.CONTAINER_INHERIT;
  if ((ace.flags & ACE_FLAG.INHERIT_ONLY) !== 0) return [ace];
  if (!isDirectory || (ace.flags & handsOn) === 0) {
    return [effectiveAce(ace, ace.flags, owner, group, mapping)];
  }
  return splitAce(ace, ace.flags, owner, group, mapping);
}

export interface SecurityChange {
  readonly existing: SecurityDescriptor;
  readonly modification: SecurityDescriptor;
  /** SECURITY_INFORMATION: which parts are set. */
  readonly information: number;
  readonly token: AccessToken;
  readonly mapping: GenericMapping;
}

/** The descriptor after a change. The rights to make it were asked for when the file was opened. */
export function setObjectSecurity(change: SecurityChange): SecurityResult {
  const { existing, modification, information, token, mapping } = change;
  const has = (bit: number): boolean => (information & bit) !== 0;
  const owner = has(SECURITY_INFORMATION.OWNER) ? modification.owner : existing.owner;
  const group = has(SECURITY_INFORMATION.GROUP) ? modification.group : existing.group;
  if (owner === undefined || (owner !== existing.owner && !mayOwn(token, owner))) {
    return { status: STATUS.INVALID_OWNER, sd: undefined };
  }
  if (has(SECURITY_INFORMATION.GROUP) && group === undefined) {
    return { status: STATUS.INVALID_PRIMARY_GROUP, sd: undefined };
  }
  const setsDacl = has(SECURITY_INFORMATION.DACL);
  const setsSacl = has(SECURITY_INFORMATION.SACL) || has(SECURITY_INFORMATION.LABEL);
  const dacl = setsDacl ? mappedAcl(modification.dacl ?? null, mapping) : existing.dacl;
  const sacl = setsSacl ? modification.sacl : existing.sacl;
  const control = changedControl(existing, modification, information);
  return { status: STATUS.SUCCESS, sd: { control, owner, group, dacl, sacl } };
}

function mappedAcl(acl: Acl | null, mapping: GenericMapping): Acl | null {
  if (acl === null) return null;
  // Entries that are only handed on keep their generic rights: each object maps them for itself.
  const isMapped = (ace: Ace): boolean => (ace.flags & ACE_FLAG.INHERIT_ONLY) === 0;
  const aces = acl.aces.map((ace) =>
    isMapped(ace) ? { ...ace, mask: mapGenericMask(ace.mask, mapping) } : ace,
  );
  return { revision: acl.revision, aces };
}

function changedControl(
  existing: SecurityDescriptor,
  modification: SecurityDescriptor,
  information: number,
): number {
  let { control } = existing;
  if ((information & SECURITY_INFORMATION.DACL) !== 0) {
    const bits = SE.DACL_PRESENT | SE.DACL_PROTECTED | SE.DACL_AUTO_INHERITED;
    control = (control & ~bits) | (modification.control & bits) | SE.DACL_PRESENT;
  }
  if ((information & SECURITY_INFORMATION.SACL) !== 0) {
    const bits = SE.SACL_PRESENT | SE.SACL_PROTECTED | SE.SACL_AUTO_INHERITED;
    control = (control & ~bits) | (modification.control & bits);
  }
  // MS-DTYP 2.4.7: these say it outright, with or without the list itself.
  if ((information & SECURITY_INFORMATION.PROTECTED_DACL) !== 0) control |= SE.DACL_PROTECTED;
  if ((information & SECURITY_INFORMATION.UNPROTECTED_DACL) !== 0) control &= ~SE.DACL_PROTECTED;
  if ((information & SECURITY_INFORMATION.PROTECTED_SACL) !== 0) control |= SE.SACL_PROTECTED;
  if ((information & SECURITY_INFORMATION.UNPROTECTED_SACL) !== 0) control &= ~SE.SACL_PROTECTED;
  return control;
}
