/**
 * Mode, owner and ACL of an open inode. What is known of them stays in its Fcb until something
 * changes it.
 */
import { Buffer } from 'node:buffer';
import { abi, errno } from '../vfs-linux/abi.gen.ts';
import { itself } from '../vfs-linux/calls.ts';
import { type Errno, isErrno, negative } from '../vfs-linux/errno.ts';
import { type AclEntry, formatPosixAcl, parsePosixAcl } from '../vfs-linux/posix-acl.ts';
import { readXattr } from '../vfs-linux/tree/xattrs.ts';
import { accessAclXattr, defaultAclXattr, learnXattrs } from './eas.ts';
import type { Fcb } from './fcb.ts';
import type { LinuxPermissions } from './security/acl-map.ts';
import type { Vcb } from './vcb.ts';

/** Mode, owner and ACLs of an inode, or a negative errno. */
export async function permissionsOfFcb(vcb: Vcb, fcb: Fcb): Promise<LinuxPermissions | Errno> {
  if (fcb.permissions !== undefined) return fcb.permissions;
  const statx = await vcb.calls.fstatx(fcb.handle);
  if (isErrno(statx)) return statx;
  if (fcb.hasAcl === undefined) await learnXattrs(vcb, fcb);
  const { mode, uid, gid } = statx;
  let accessAcl: AclEntry[] | undefined | Errno;
  let defaultAcl: AclEntry[] | undefined | Errno;
  if (fcb.hasAcl === true) {
    accessAcl = await readAcl(vcb, fcb, accessAclXattr);
    if (fcb.type === abi.S_IFDIR) defaultAcl = await readAcl(vcb, fcb, defaultAclXattr);
  }
  // With an ACL the group bits of the mode are the ACL's mask: the mode alone would grant too much.
  if (isErrno(accessAcl)) return accessAcl;
  if (isErrno(defaultAcl)) return defaultAcl;
  fcb.permissions = { mode, uid, gid, accessAcl, defaultAcl };
  return fcb.permissions;
}

/** Undefined where there is none; a negative errno where it cannot be read. */
async function readAcl(vcb: Vcb, fcb: Fcb, name: string): Promise<AclEntry[] | undefined | Errno> {
  const value = await readXattr(vcb.calls, itself(fcb.handle), name);
  if (!isErrno(value)) return parsePosixAcl(value) ?? negative(errno.EUCLEAN);
  return value === -errno.ENODATA || value === -errno.EOPNOTSUPP ? undefined : value;
}

/** What is known of the inode's rights is not true any more. */
export function forgetPermissions(fcb: Fcb): void {
  fcb.permissions = undefined;
  fcb.hasAcl = undefined;
}

/** Makes an inode's permissions those, from what they are; 0 or a negative errno. */
export async function applyPermissions(
  vcb: Vcb,
  fcb: Fcb,
  before: LinuxPermissions,
  after: LinuxPermissions,
): Promise<number> {
  const { handle } = fcb;
  const atEmpty = abi.AT_EMPTY_PATH;
  const chowns = before.uid !== after.uid || before.gid !== after.gid;
  let ret = 0;
  if (chowns)
    ret = await vcb.calls.fchownat(handle, '', { uid: after.uid, gid: after.gid }, atEmpty);
  if (ret >= 0 && before.accessAcl !== undefined && after.accessAcl === undefined) {
    ret = await removeAcl(vcb, fcb, accessAclXattr);
  }
  // chown(2) takes setuid and setgid away.
  if (ret >= 0 && fcb.type !== abi.S_IFLNK && (chowns || before.mode !== after.mode)) {
    ret = await vcb.calls.fchmodat2(handle, '', after.mode & 0o7777, atEmpty);
  }
  if (ret >= 0 && after.accessAcl !== undefined) {
    ret = await writeAcl(vcb, fcb, accessAclXattr, after.accessAcl);
  }
  if (ret >= 0 && fcb.type === abi.S_IFDIR) {
    if (after.defaultAcl !== undefined) {
      ret = await writeAcl(vcb, fcb, defaultAclXattr, after.defaultAcl);
    } else if (before.defaultAcl !== undefined) {
      ret = await removeAcl(vcb, fcb, defaultAclXattr);
    }
  }
  forgetPermissions(fcb);
  return Math.min(ret, 0);
}

async function removeAcl(vcb: Vcb, fcb: Fcb, name: string): Promise<number> {
  const ret = await vcb.calls.removexattrat(itself(fcb.handle), name);
  return ret === -errno.ENODATA ? 0 : ret;
}

async function writeAcl(
  vcb: Vcb,
  fcb: Fcb,
  name: string,
  entries: readonly AclEntry[],
): Promise<number> {
  const value = Buffer.from(formatPosixAcl(entries));
  return vcb.calls.setxattrat(itself(fcb.handle), name, value);
}
