/**
 * SeAccessCheck in TypeScript: what a token may do to what a security descriptor protects.
 *
 * The order is Windows's (MS-DTYP 2.5.3.2, ntifs.h): the system's rights (ACCESS_SYSTEM_SECURITY)
 * by privilege, the owner's implicit ones, then the list entry by entry until nothing is left to
 * ask for or something of it is denied. With MAXIMUM_ALLOWED the whole list is read, and what is
 * granted first can no longer be denied.
 *
 * Entries with conditions or for objects, and mandatory labels, do not decide anything here: a file
 * system of Linux has none of them, and descriptors are made from what it has.
 */
import { type NtStatus, STATUS } from '../translate/ntstatus.ts';
import { ACCESS, type GenericMapping, mapGenericMask } from './access-rights.ts';
import { ACE_FLAG, ACE_TYPE, type Ace, type SecurityDescriptor } from './security-descriptor.ts';
import { type Sid, wellKnownSid } from './sid.ts';

/** SE_GROUP_…: winnt.h. */
export const SE_GROUP = {
  MANDATORY: 0x1,
  ENABLED_BY_DEFAULT: 0x2,
  ENABLED: 0x4,
  OWNER: 0x8,
  USE_FOR_DENY_ONLY: 0x10,
} as const;

/** The privileges that matter to files; a token has those that are enabled in it. */
export type Privilege =
  | 'SeBackupPrivilege'
  | 'SeRestorePrivilege'
  | 'SeSecurityPrivilege'
  | 'SeTakeOwnershipPrivilege'
  | 'SeChangeNotifyPrivilege'
  | 'SeRelabelPrivilege'
  | 'SeCreateSymbolicLinkPrivilege'
  | 'SeManageVolumePrivilege';

export interface TokenGroup {
  readonly sid: Sid;
  /** SE_GROUP_… */
  readonly attributes: number;
}

/** The user of a request, with groups and privileges. */
export interface AccessToken {
  readonly userSid: Sid;
  /** Whether the user's own SID only counts in entries that deny (a filtered token). */
  readonly isUserDenyOnly?: boolean | undefined;
  readonly groups: readonly TokenGroup[];
  /** The enabled ones. */
  readonly privileges: ReadonlySet<Privilege>;
  /** With any, access must be granted to one of these as well (a restricted token). */
  readonly restrictedSids?: readonly TokenGroup[] | undefined;
  /** Whom new objects belong to; the user without it. */
  readonly ownerSid?: Sid | undefined;
  /** The group of new objects. */
  readonly primaryGroupSid?: Sid | undefined;
}

export interface AccessResult {
  /** What may be done, without generic rights and MAXIMUM_ALLOWED; 0 unless status is SUCCESS. */
  readonly grantedAccess: number;
  readonly status: NtStatus;
}

/** The rights that come with SeBackupPrivilege and SeRestorePrivilege (MS-FSA 2.1.5.1). */
const backupAccess =
  ACCESS.READ_CONTROL | ACCESS.ACCESS_SYSTEM_SECURITY | ACCESS.FILE_GENERIC_READ | ACCESS.TRAVERSE;
const restoreAccess =
  ACCESS.WRITE_DAC |
  ACCESS.WRITE_OWNER |
  ACCESS.ACCESS_SYSTEM_SECURITY |
  ACCESS.FILE_GENERIC_WRITE |
  ACCESS.ADD_FILE |
  ACCESS.ADD_SUBDIRECTORY |
  ACCESS.DELETE;

export interface AccessCheckOptions {
  /** FILE_OPEN_FOR_BACKUP_INTENT: the privileges of backup tools count. */
  readonly hasBackupIntent?: boolean | undefined;
  /** Rights that were granted before this check and stay. */
  readonly previouslyGranted?: number | undefined;
}

/** Which SIDs count for allowing, which for denying. */
interface CountingSids {
  readonly allowing: ReadonlySet<Sid>;
  readonly denying: ReadonlySet<Sid>;
}

/** The SIDs of a token, made once for each. */
interface TokenSids extends CountingSids {
  /** The restricting ones: they count whatever their attributes are. */
  readonly restricting: CountingSids | undefined;
}
const sidsOfToken: WeakMap<AccessToken, TokenSids> = new WeakMap();

function tokenSids(token: AccessToken): TokenSids {
  const known = sidsOfToken.get(token);
  if (known !== undefined) return known;
  const allowing = new Set<Sid>();
  const denying = new Set<Sid>([token.userSid]);
  if (token.isUserDenyOnly !== true) allowing.add(token.userSid);
  for (const { sid, attributes } of token.groups) {
    if ((attributes & SE_GROUP.USE_FOR_DENY_ONLY) !== 0) denying.add(sid);
    else if ((attributes & SE_GROUP.ENABLED) !== 0) {
      allowing.add(sid);
      denying.add(sid);
    }
  }
  const restricted = new Set((token.restrictedSids ?? []).map(({ sid }) => sid));
  const restricting =
    restricted.size === 0 ? undefined : { allowing: restricted, denying: restricted };
  const sids = { allowing, denying, restricting };
  sidsOfToken.set(token, sids);
  return sids;
}

/**
 * What `token` gets of `desiredAccess`. ACCESS_DENIED where a part of it is not granted;
 * PRIVILEGE_NOT_HELD where that part is ACCESS_SYSTEM_SECURITY.
 */
export function accessCheck(
  sd: SecurityDescriptor,
  token: AccessToken,
  desiredAccess: number,
  mapping: GenericMapping,
  options: AccessCheckOptions = {},
): AccessResult {
  const wantsMaximum = (desiredAccess & ACCESS.MAXIMUM_ALLOWED) !== 0;
  const desired = mapGenericMask(desiredAccess, mapping) & ~ACCESS.MAXIMUM_ALLOWED;
  const byPrivilege = privilegedAccess(token, desired, wantsMaximum, options);
  const wantsSecurity = (desired & ACCESS.ACCESS_SYSTEM_SECURITY) !== 0;
  if (wantsSecurity && (byPrivilege & ACCESS.ACCESS_SYSTEM_SECURITY) === 0) {
    return { grantedAccess: 0, status: STATUS.PRIVILEGE_NOT_HELD };
  }
  const remaining = desired & ~byPrivilege;
  const sids = tokenSids(token);
  let granted = listedAccess(sd, sids, remaining, wantsMaximum, mapping);
  if (sids.restricting !== undefined) {
    granted &= listedAccess(sd, sids.restricting, remaining, wantsMaximum, mapping);
  }
  if ((remaining & ~granted) !== 0) return { grantedAccess: 0, status: STATUS.ACCESS_DENIED };
  const all = (wantsMaximum ? granted | byPrivilege : remaining | byPrivilege) >>> 0;
  // MAXIMUM_ALLOWED that grants no right at all is a refusal.
  if (all === 0 && wantsMaximum) return { grantedAccess: 0, status: STATUS.ACCESS_DENIED };
  return { grantedAccess: all, status: STATUS.SUCCESS };
}

/** Rights that privileges grant: of those asked for or, with MAXIMUM_ALLOWED, those for backups. */
function privilegedAccess(
  token: AccessToken,
  desired: number,
  wantsMaximum: boolean,
  options: AccessCheckOptions,
): number {
  const { privileges } = token;
  let access = options.previouslyGranted ?? 0;
  if (privileges.has('SeSecurityPrivilege')) access |= desired & ACCESS.ACCESS_SYSTEM_SECURITY;
  if (privileges.has('SeTakeOwnershipPrivilege')) access |= desired & ACCESS.WRITE_OWNER;
  if (options.hasBackupIntent !== true) return access;
  const backup = privileges.has('SeBackupPrivilege') ? backupAccess : 0;
  const restore = privileges.has('SeRestorePrivilege') ? restoreAccess : 0;
  const most = (backup | restore) & ~ACCESS.ACCESS_SYSTEM_SECURITY;
  return access | (desired & (backup | restore)) | (wantsMaximum ? most : 0);
}

/** What the descriptor itself grants: of `desired`, or all that it grants with MAXIMUM_ALLOWED. */
function listedAccess(
  sd: SecurityDescriptor,
  sids: CountingSids,
  desired: number,
  wantsMaximum: boolean,
  mapping: GenericMapping,
): number {
  // No DACL, or a NULL one, protects nothing.
  if (!sd.dacl) return (wantsMaximum ? mapping.genericAll | desired : desired) >>> 0;
  const isOwner = sd.owner !== undefined && sids.allowing.has(sd.owner);
  const { aces } = sd.dacl;
  let granted = isOwner ? ownerAccess(aces) : 0;
  let denied = 0;
  for (const ace of aces) {
    if (!wantsMaximum && (desired & ~granted) === 0) break;
    if ((ace.flags & ACE_FLAG.INHERIT_ONLY) !== 0 || ace.sid === undefined) continue;
    const mask = mapGenericMask(ace.mask, mapping);
    const sid = ace.sid === wellKnownSid.PRINCIPAL_SELF ? wellKnownSid.NULL : ace.sid;
    const ownersEntry = isOwner && sid === wellKnownSid.OWNER_RIGHTS;
    if (ace.type === ACE_TYPE.ACCESS_ALLOWED && (ownersEntry || sids.allowing.has(sid))) {
      granted |= mask & ~denied;
    } else if (ace.type === ACE_TYPE.ACCESS_DENIED && (ownersEntry || sids.denying.has(sid))) {
      denied |= mask & ~granted;
      if (!wantsMaximum && (denied & desired) !== 0) break;
    }
  }
  return granted >>> 0;
}

/** The owner may read and change the list, unless an entry for OWNER RIGHTS says what he may. */
function ownerAccess(aces: readonly Ace[]): number {
  const limited = aces.some(
    (ace) => ace.sid === wellKnownSid.OWNER_RIGHTS && (ace.flags & ACE_FLAG.INHERIT_ONLY) === 0,
  );
  return limited ? 0 : ACCESS.READ_CONTROL | ACCESS.WRITE_DAC;
}
