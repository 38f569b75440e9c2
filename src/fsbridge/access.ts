/**
 * What a request may open, make and replace (MS-FSA 2.1.5.1.2, the table of winfsp's user-mode
 * checks).
 *
 * With permissions "ignore" everybody may do everything, and so may the kernel itself (userMode
 * false) with the others. With "enforce" the request's token is checked against the inode's
 * security descriptor. With "map" every request comes from the mounting user, a Linux account: it
 * has all rights on its own files, and on others' it may read, write and search as Linux would let
 * it.
 */
import { abi } from '../vfs-linux/abi.gen.ts';
import { isErrno } from '../vfs-linux/errno.ts';
import type { Check, Create, Requester } from './create-request.ts';
import type { Fcb } from './fcb.ts';
import type { CreateIrp, TokenSource } from './irp/irp.ts';
import { DISPOSITION, OPTION } from './nt.ts';
import { permissionsOfFcb } from './permissions.ts';
import { type AccessToken, accessCheck } from './security/access-check.ts';
import { ACCESS, FILE_GENERIC_MAPPING } from './security/access-rights.ts';
import type { Account } from './security/mounting-token.ts';
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

interface CheckOptions {
  readonly hasBackupIntent: boolean;
  readonly previouslyGranted: number;
}

function checkerFor(vcb: Vcb, token: AccessToken, options: CheckOptions): Check {
  const isMapped = vcb.permissions === 'map';
  const { uid } = vcb.account;
  return async (fcb, desiredAccess) => {
    const permissions = await permissionsOfFcb(vcb, fcb);
    if (isErrno(permissions)) return undefined;
    const isOwner = isMapped && (uid === 0 || permissions.uid === uid);
    const wantsSystemSecurity = (desiredAccess & ACCESS.ACCESS_SYSTEM_SECURITY) !== 0;
    if (isOwner && !wantsSystemSecurity) return ownersAccess(desiredAccess);
    const descriptor = vcb.descriptors.of(permissions);
    const desired =
      isMapped && fcb.type === abi.S_IFREG ? withoutExecute(desiredAccess) : desiredAccess;
    const result = accessCheck(descriptor, token, desired, FILE_GENERIC_MAPPING, options);
    if (result.status !== STATUS.SUCCESS) return undefined;
    const granted = result.grantedAccess;
    const executes = isMapped && (granted & ACCESS.READ_DATA) !== 0;
    return (executes ? granted | ACCESS.EXECUTE : granted) & 0x7fffffff;
  };
}

/** An owner could change the mode first, so everything is granted at once. */
function ownersAccess(desiredAccess: number): number {
  const isMaximum = (desiredAccess & ACCESS.MAXIMUM_ALLOWED) !== 0;
  return isMaximum ? desiredAccess | ACCESS.FILE_ALL_ACCESS : desiredAccess;
}

/** x is about Linux's programs. On Windows the right to read a program is the right to run it. */
function withoutExecute(desiredAccess: number): number {
  if ((desiredAccess & ACCESS.EXECUTE) === 0) return desiredAccess;
  return (desiredAccess & ~ACCESS.EXECUTE) | ACCESS.READ_DATA;
}

/** The token of a request; a status where it cannot be read. */
function tokenOf(
  vcb: Vcb,
  source: TokenSource | undefined,
  irp?: CreateIrp,
): AccessToken | NtStatus {
  if (vcb.permissions === 'map') {
    const { hasBackupPrivilege = false, hasRestorePrivilege = false } = irp ?? {};
    return vcb.mountingTokens.with(hasBackupPrivilege, hasRestorePrivilege);
  }
  return source?.facts() ?? STATUS.ACCESS_DENIED;
}

/** The user of a Create, looked up once for it; undefined where nobody is checked. */
export function requesterOf(vcb: Vcb, irp: CreateIrp): Requester | NtStatus | undefined {
  if (!irp.userMode || vcb.permissions === 'ignore') return undefined;
  const token = tokenOf(vcb, irp.accessToken, irp);
  if (typeof token === 'number') return token;
  const hasBackupIntent = (irp.createOptions & OPTION.OPEN_FOR_BACKUP_INTENT) !== 0;
  const options = { hasBackupIntent, previouslyGranted: irp.grantedAccess };
  return { token, check: checkerFor(vcb, token, options) };
}

/** Whether directories may be passed; undefined for a requester with the traverse privilege. */
export function traverseCheck(
  irp: CreateIrp,
  requester: Requester | undefined,
): Walk['mayTraverse'] {
  if (requester === undefined || irp.hasTraversePrivilege) return undefined;
  return async (directory) => (await requester.check(directory, ACCESS.TRAVERSE)) !== undefined;
}

/** What an existing file, with these attributes, may be opened for: sets grantedAccess. */
export async function checkOpen(create: Create, attributes: number): Promise<NtStatus> {
  const { vcb, irp, requester } = create;
  const wantsMaximum = (irp.desiredAccess & ACCESS.MAXIMUM_ALLOWED) !== 0;
  let granted = irp.desiredAccess | irp.grantedAccess;
  if (requester === undefined) {
    if (wantsMaximum) granted |= ACCESS.FILE_ALL_ACCESS;
  } else {
    const checked = await grantedBy(irp, create.place, requester.check);
    if (checked === undefined) return STATUS.ACCESS_DENIED;
    granted = checked | irp.grantedAccess;
  }
  granted &= ~ACCESS.MAXIMUM_ALLOWED;
  if (wantsMaximum) granted &= ~withheld(vcb, attributes) | irp.desiredAccess;
  irp.grantedAccess = (granted & ~ACCESS.MAXIMUM_ALLOWED) >>> 0;
  return STATUS.SUCCESS;
}

/** Rights that MAXIMUM_ALLOWED never grants. */
function withheld(vcb: Vcb, attributes: number): number {
  if (vcb.readOnly) return writesAnything;
  const isDirectory = (attributes & FILE_ATTRIBUTE.DIRECTORY) !== 0;
  return !isDirectory && (attributes & FILE_ATTRIBUTE.READONLY) !== 0 ? writesData : 0;
}

/** Rights that the disposition and the options need, beside those that the caller asks for. */
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
 * The rights that are granted. The right to delete may come from the directory (DELETE_CHILD), and
 * that to read attributes from the right to list it.
 */
async function grantedBy(irp: CreateIrp, place: Place, check: Check): Promise<number | undefined> {
  const fcb = place.fcb as Fcb;
  const implied = impliedAccess(irp) & ~irp.desiredAccess;
  const desired = irp.desiredAccess | implied;
  let granted = await check(fcb, desired);
  const isRoot = place.lcb === undefined;
  const byParent = (ACCESS.DELETE | ACCESS.READ_ATTRIBUTES) & desired;
  if (!isRoot && granted === undefined && byParent !== 0) {
    const fromParent = await grantedByParent(place.dir, byParent, check);
    if (fromParent !== 0) {
      const rest = desired & ~fromParent;
      const own = rest === 0 ? 0 : await check(fcb, rest);
      if (own !== undefined) granted = own | fromParent;
    }
  }
  if (granted === undefined) return undefined;
  const isMaximum = (desired & ACCESS.MAXIMUM_ALLOWED) !== 0;
  return isMaximum ? granted : granted & ~implied;
}

async function grantedByParent(dir: Fcb, byParent: number, check: Check): Promise<number> {
  const has = async (right: number): Promise<boolean> => (await check(dir, right)) !== undefined;
  let granted = 0;
  if ((byParent & ACCESS.DELETE) !== 0 && (await has(ACCESS.DELETE_CHILD))) {
    granted |= ACCESS.DELETE;
  }
  const attributes = ACCESS.READ_ATTRIBUTES;
  if ((byParent & attributes) !== 0 && (await has(ACCESS.LIST_DIRECTORY))) granted |= attributes;
  return granted;
}

/**
 * Whether a name may be made in the directory; sets grantedAccess to what the new file's maker
 * gets.
 */
export async function checkCreate({ irp, requester, place }: Create): Promise<NtStatus> {
  const isDirectory = (irp.createOptions & OPTION.DIRECTORY_FILE) !== 0;
  const right = isDirectory ? ACCESS.ADD_SUBDIRECTORY : ACCESS.ADD_FILE;
  if (requester !== undefined && !irp.hasRestorePrivilege) {
    if ((await requester.check(place.dir, right)) === undefined) return STATUS.ACCESS_DENIED;
  }
  const wantsMaximum = (irp.desiredAccess & ACCESS.MAXIMUM_ALLOWED) !== 0;
  const granted = wantsMaximum ? ACCESS.FILE_ALL_ACCESS : irp.desiredAccess;
  irp.grantedAccess = ((granted | irp.grantedAccess) & ~ACCESS.MAXIMUM_ALLOWED) >>> 0;
  return STATUS.SUCCESS;
}

/**
 * Whether a rename may take the place of what is there: DELETE on it, or DELETE_CHILD on its
 * parent.
 */
export async function checkReplace(
  vcb: Vcb,
  source: TokenSource | undefined,
  place: Place,
): Promise<NtStatus> {
  if (vcb.permissions === 'ignore' || source === undefined) return STATUS.SUCCESS;
  const token = tokenOf(vcb, source);
  if (typeof token === 'number') return token;
  const check = checkerFor(vcb, token, { hasBackupIntent: false, previouslyGranted: 0 });
  if ((await check(place.fcb as Fcb, ACCESS.DELETE)) !== undefined) return STATUS.SUCCESS;
  const byParent = await check(place.dir, ACCESS.DELETE_CHILD);
  return byParent === undefined ? STATUS.ACCESS_DENIED : STATUS.SUCCESS;
}

/** The account that a new file belongs to: the token's, where that has a number on Linux. */
export function ownerOfNew({ vcb, requester }: Create): Account | undefined {
  if (vcb.permissions !== 'enforce' || requester === undefined) return undefined;
  const { token } = requester;
  const { sids } = vcb.descriptors;
  const uid = sids.sidToUid(token.ownerSid ?? token.userSid) ?? vcb.account.uid;
  const group = token.primaryGroupSid;
  const gid = group === undefined ? undefined : sids.sidToGid(group);
  return { uid, gid: gid ?? vcb.account.gid };
}
