/**
 * Who may open, make and replace what (MS-FSA 2.1.5.1.2, the table of winfsp's user-mode checks).
 *
 * With permissions "ignore" everybody may do everything, and so may the kernel itself (userMode false)
 * with the others. With "enforce" the request's token is checked against the inode's security
 * descriptor. With "map" whoever asks is the mounting user, a Linux account: what is his is all his, and
 * what is others' he may read, write and search as Linux would let him.
 */
import { abi } from '../vfs-linux/abi.gen.ts';
import { isErrno } from '../vfs-linux/errno.ts';
import type { Fcb } from './fcb.ts';
import type { CreateIrp, TokenSource } from './irp/irp.ts';
import { DISPOSITION, OPTION } from './nt.ts';
import { permissionsOfFcb } from './permissions.ts';
import {
  type AccessToken,
  accessCheck,
  type Privilege,
  SE_GROUP,
} from './security/access-check.ts';
import { ACCESS, FILE_GENERIC_MAPPING } from './security/access-rights.ts';
import { WELL_KNOWN_SID } from './security/sid.ts';
import { FILE_ATTRIBUTE } from './translate/attributes.ts';
import { type NtStatus, STATUS } from './translate/ntstatus.ts';
import type { Vcb } from './vcb.ts';
import type { Place, Walk } from './walk.ts';

/** Rights to change the content, or the volume at all. */
const writesData = ACCESS.WRITE_DATA | ACCESS.APPEND_DATA;
const writesAnything =
  writesData |
  ACCESS.WRITE_EA |
  ACCESS.WRITE_ATTRIBUTES |
  ACCESS.DELETE_CHILD |
  ACCESS.DELETE |
  ACCESS.WRITE_DAC |
  ACCESS.WRITE_OWNER;

/** The mounting user's token, with the privileges that a request says it has. */
export function mountingToken(vcb: Vcb, privileges: ReadonlySet<Privilege>): AccessToken {
  const { sids } = vcb.descriptors;
  const group = (sid: string): { sid: string; attributes: number } => ({
    sid,
    attributes: SE_GROUP.ENABLED,
  });
  const { mountingUid, mountingGid } = vcb.options;
  return {
    userSid: sids.uidToSid(mountingUid),
    groups: [
      group(sids.gidToSid(mountingGid)),
      group(WELL_KNOWN_SID.EVERYONE),
      group(WELL_KNOWN_SID.AUTHENTICATED_USERS),
    ],
    privileges,
  };
}

export type Check = (vcb: Vcb, fcb: Fcb, desiredAccess: number) => Promise<number>;

/** Answers the granted rights, -1 where something that is asked for is not granted. */
function checkerFor(
  vcb: Vcb,
  token: AccessToken,
  hasBackupIntent: boolean,
  previouslyGranted: number,
): Check {
  const options = { hasBackupIntent, previouslyGranted };
  const isMapped = vcb.options.permissions === 'map';
  return async (_vcb, fcb, desiredAccess) => {
    const permissions = await permissionsOfFcb(vcb, fcb);
    if (isErrno(permissions)) return -1;
    const { mountingUid } = vcb.options;
    const isOwner = isMapped && (mountingUid === 0 || permissions.uid === mountingUid);
    const isSystems = (desiredAccess & ACCESS.ACCESS_SYSTEM_SECURITY) !== 0;
    if (isOwner && !isSystems) return ownersAccess(desiredAccess);
    const descriptor = vcb.descriptors.of(permissions);
    const desired =
      isMapped && fcb.type === abi.S_IFREG ? withoutExecute(desiredAccess) : desiredAccess;
    const result = accessCheck(descriptor, token, desired, FILE_GENERIC_MAPPING, options);
    if (result.status !== STATUS.SUCCESS) return -1;
    const granted = result.grantedAccess;
    const executes = isMapped && (granted & ACCESS.READ_DATA) !== 0;
    return (executes ? granted | ACCESS.EXECUTE : granted) & 0x7fffffff;
  };
}

/** Who may change a file's mode may do everything with it, in two steps; here it takes one. */
function ownersAccess(desiredAccess: number): number {
  const isMaximum = (desiredAccess & ACCESS.MAXIMUM_ALLOWED) !== 0;
  return isMaximum ? desiredAccess | ACCESS.FILE_ALL_ACCESS : desiredAccess;
}

/** x is about Linux's programs. Windows's are run by whoever may read them. */
function withoutExecute(desiredAccess: number): number {
  if ((desiredAccess & ACCESS.EXECUTE) === 0) return desiredAccess;
  return (desiredAccess & ~ACCESS.EXECUTE) | ACCESS.READ_DATA;
}

/** Who asks; a status where the token cannot be read. */
function tokenOf(
  vcb: Vcb,
  source: TokenSource | undefined,
  irp?: CreateIrp,
): AccessToken | NtStatus {
  if (vcb.options.permissions === 'map') {
    const backup = irp?.hasBackupPrivilege === true ? 1 : 0;
    const restore = irp?.hasRestorePrivilege === true ? 2 : 0;
    return vcb.mountingTokens[backup + restore] as AccessToken;
  }
  return source?.facts() ?? STATUS.ACCESS_DENIED;
}

/** Whoever asks in a Create: looked at once for it. */
export interface Requester {
  readonly token: AccessToken;
  readonly check: Check;
}

/** Undefined where nobody is checked: everything is granted. */
export function requesterOf(vcb: Vcb, irp: CreateIrp): Requester | NtStatus | undefined {
  if (!irp.userMode || vcb.options.permissions === 'ignore') return undefined;
  const token = tokenOf(vcb, irp.accessToken, irp);
  if (typeof token === 'number') return token;
  const hasBackupIntent = (irp.createOptions & OPTION.OPEN_FOR_BACKUP_INTENT) !== 0;
  return { token, check: checkerFor(vcb, token, hasBackupIntent, irp.grantedAccess) };
}

/** Whether directories may be passed: asked only of those who have no traverse privilege. */
export function traverseCheck(
  vcb: Vcb,
  irp: CreateIrp,
  requester: Requester | undefined,
): Walk['mayTraverse'] {
  if (requester === undefined || irp.hasTraversePrivilege) return undefined;
  return async (directory) => (await requester.check(vcb, directory, ACCESS.TRAVERSE)) >= 0;
}

/** What an existing file may be opened for: sets grantedAccess. */
export async function checkOpen(
  vcb: Vcb,
  irp: CreateIrp,
  place: Place,
  attributes: number,
  requester: Requester | undefined,
): Promise<NtStatus> {
  const wantsMaximum = (irp.desiredAccess & ACCESS.MAXIMUM_ALLOWED) !== 0;
  let granted = irp.desiredAccess | irp.grantedAccess;
  if (requester === undefined) {
    if (wantsMaximum) granted |= ACCESS.FILE_ALL_ACCESS;
  } else {
    granted = await grantedBy(vcb, irp, place, requester.check);
    if (granted < 0) return STATUS.ACCESS_DENIED;
    granted |= irp.grantedAccess;
  }
  granted &= ~ACCESS.MAXIMUM_ALLOWED;
  if (wantsMaximum) granted &= ~withheld(vcb, attributes) | irp.desiredAccess;
  irp.grantedAccess = (granted & ~ACCESS.MAXIMUM_ALLOWED) >>> 0;
  return STATUS.SUCCESS;
}

/** What nobody gets who asks for the most that there is. */
function withheld(vcb: Vcb, attributes: number): number {
  if (vcb.readOnly) return writesAnything;
  const isDirectory = (attributes & FILE_ATTRIBUTE.DIRECTORY) !== 0;
  return !isDirectory && (attributes & FILE_ATTRIBUTE.READONLY) !== 0 ? writesData : 0;
}

/** What the disposition and the options ask for besides what the caller asked for. */
function impliedAccess(irp: CreateIrp): number {
  const { createDisposition: disposition, createOptions } = irp;
  let access = (createOptions & OPTION.DELETE_ON_CLOSE) !== 0 ? ACCESS.DELETE : 0;
  if (disposition === DISPOSITION.SUPERSEDE) access |= ACCESS.DELETE;
  if (disposition === DISPOSITION.OVERWRITE || disposition === DISPOSITION.OVERWRITE_IF) {
    access |= ACCESS.WRITE_DATA;
  }
  return access;
}

/**
 * The rights that are granted, -1 where something is not. The right to delete may come from the
 * directory (DELETE_CHILD), and that to read attributes from the right to list it.
 */
async function grantedBy(vcb: Vcb, irp: CreateIrp, place: Place, check: Check): Promise<number> {
  const fcb = place.fcb as Fcb;
  const implied = impliedAccess(irp) & ~irp.desiredAccess;
  const desired = irp.desiredAccess | implied;
  let granted = await check(vcb, fcb, desired);
  const isRoot = place.lcb === undefined;
  const byParent = (ACCESS.DELETE | ACCESS.READ_ATTRIBUTES) & desired;
  if (!isRoot && granted < 0 && byParent !== 0) {
    const fromParent = await grantedByParent(vcb, place.dir, byParent, check);
    if (fromParent !== 0) {
      const rest = desired & ~fromParent;
      granted = rest === 0 ? 0 : await check(vcb, fcb, rest);
      if (granted >= 0) granted |= fromParent;
    }
  }
  if (granted < 0) return -1;
  const isMaximum = (desired & ACCESS.MAXIMUM_ALLOWED) !== 0;
  return isMaximum ? granted : granted & ~implied;
}

async function grantedByParent(
  vcb: Vcb,
  dir: Fcb,
  byParent: number,
  check: Check,
): Promise<number> {
  let granted = 0;
  if ((byParent & ACCESS.DELETE) !== 0 && (await check(vcb, dir, ACCESS.DELETE_CHILD)) >= 0) {
    granted |= ACCESS.DELETE;
  }
  const attributes = ACCESS.READ_ATTRIBUTES;
  if ((byParent & attributes) !== 0 && (await check(vcb, dir, ACCESS.LIST_DIRECTORY)) >= 0) {
    granted |= attributes;
  }
  return granted;
}

/** Whether a name may be made in a directory; sets grantedAccess to what the new file's maker gets. */
export async function checkCreate(
  vcb: Vcb,
  irp: CreateIrp,
  dir: Fcb,
  requester: Requester | undefined,
): Promise<NtStatus> {
  const isDirectory = (irp.createOptions & OPTION.DIRECTORY_FILE) !== 0;
  const right = isDirectory ? ACCESS.ADD_SUBDIRECTORY : ACCESS.ADD_FILE;
  if (requester !== undefined && !irp.hasRestorePrivilege) {
    if ((await requester.check(vcb, dir, right)) < 0) return STATUS.ACCESS_DENIED;
  }
  const wantsMaximum = (irp.desiredAccess & ACCESS.MAXIMUM_ALLOWED) !== 0;
  const granted = wantsMaximum ? ACCESS.FILE_ALL_ACCESS : irp.desiredAccess;
  irp.grantedAccess = ((granted | irp.grantedAccess) & ~ACCESS.MAXIMUM_ALLOWED) >>> 0;
  return STATUS.SUCCESS;
}

/** Whether a rename or a link may take the place of what is there: DELETE on it, or on its parent. */
export async function checkReplace(
  vcb: Vcb,
  source: TokenSource | undefined,
  place: Place,
): Promise<NtStatus> {
  if (vcb.options.permissions === 'ignore' || source === undefined) return STATUS.SUCCESS;
  const token = tokenOf(vcb, source);
  if (typeof token === 'number') return token;
  const check = checkerFor(vcb, token, false, 0);
  if ((await check(vcb, place.fcb as Fcb, ACCESS.DELETE)) >= 0) return STATUS.SUCCESS;
  const byParent = await check(vcb, place.dir, ACCESS.DELETE_CHILD);
  return byParent >= 0 ? STATUS.SUCCESS : STATUS.ACCESS_DENIED;
}

/** The Linux user and group that what is created belongs to: the token's, where they have a number. */
export function ownerOfNew(
  vcb: Vcb,
  requester: Requester | undefined,
): { readonly uid: number; readonly gid: number } | undefined {
  if (vcb.options.permissions !== 'enforce' || requester === undefined) return undefined;
  const { token } = requester;
  const { sids } = vcb.descriptors;
  const uid = sids.sidToUid(token.ownerSid ?? token.userSid) ?? vcb.options.mountingUid;
  const group = token.primaryGroupSid;
  const gid = group === undefined ? undefined : sids.sidToGid(group);
  return { uid, gid: gid ?? vcb.options.mountingGid };
}
