/** Sets EAs: user.* attributes, and WSL's metadata of the inode ($LXUID and the like). */
import { Buffer } from 'node:buffer';
import { abi, errno } from '../vfs-linux/abi.gen.ts';
import { itself } from '../vfs-linux/calls.ts';
import { isErrno } from '../vfs-linux/errno.ts';
import { eaXattrs, mayHaveUserXattrs } from './eas.ts';
import type { Fcb } from './fcb.ts';
import { applyPermissions, permissionsOfFcb } from './permissions.ts';
import { type Ea, eaNameOfXattr, parseEaList, xattrOfEaName } from './translate/ea.ts';
import { isLxEaName, type LxMetadata, lxMetadataOf } from './translate/lx-metadata.ts';
import { type NtStatus, ntStatusOf, ntStatusOfResult, STATUS } from './translate/ntstatus.ts';
import type { Vcb } from './vcb.ts';

/** Sets or, where the value is empty, removes each EA of a FILE_FULL_EA_INFORMATION list. */
export async function applyEas(vcb: Vcb, fcb: Fcb, buffer: Buffer): Promise<NtStatus> {
  const parsed = parseEaList(buffer);
  if (parsed.error !== undefined) return parsed.error.status;
  const { list } = parsed;
  const metadata = lxMetadataOf(list);
  if (metadata === undefined) return STATUS.INVALID_PARAMETER;
  const plain = list.filter(({ name }) => !isLxEaName(name));
  if (plain.length > 0 && !vcb.hasXattrs) return STATUS.EAS_NOT_SUPPORTED;
  // Symbolic links and special files cannot have user.* attributes (xattr(7)).
  if (plain.length > 0 && !mayHaveUserXattrs(vcb, fcb)) return STATUS.NOT_SUPPORTED;
  const known = plain.length === 0 ? [] : await eaXattrs(vcb, fcb);
  fcb.eaSize = undefined;
  for (const ea of plain) {
    const status = await applyEa(vcb, fcb, ea, known);
    if (status !== STATUS.SUCCESS) return status;
  }
  return applyLxMetadata(vcb, fcb, metadata);
}

/**
 * ENOSPC for a larger value means that it does not fit one block (ext4), not that the disk is full.
 */
const largeValueBytes = 1024;

/** Names of EAs are compared without their case, so one that is there keeps its spelling. */
function xattrFor(ea: Ea, known: readonly Buffer[]): Buffer | undefined {
  const wanted = ea.name.toUpperCase();
  const there = known.find((xattr) => eaNameOfXattr(xattr)?.toUpperCase() === wanted);
  return there ?? xattrOfEaName(ea.name);
}

async function applyEa(vcb: Vcb, fcb: Fcb, ea: Ea, known: readonly Buffer[]): Promise<NtStatus> {
  const xattr = xattrFor(ea, known);
  if (xattr === undefined) return STATUS.INVALID_EA_NAME;
  const { handle } = fcb;
  if (ea.value.length === 0) {
    const ret = await vcb.calls.removexattrat(itself(handle), xattr);
    return ret === -errno.ENODATA ? STATUS.SUCCESS : ntStatusOfResult(ret);
  }
  const value = Buffer.from(ea.value);
  const ret = await vcb.calls.setxattrat(itself(handle), xattr, value);
  const isTooLarge = ret === -errno.ENOSPC && ea.value.length > largeValueBytes;
  return isTooLarge ? STATUS.EA_TOO_LARGE : ntStatusOfResult(ret);
}

async function applyLxMetadata(vcb: Vcb, fcb: Fcb, metadata: LxMetadata): Promise<NtStatus> {
  const { uid, gid, mode, rdevMajor, rdevMinor } = metadata;
  if (rdevMajor !== undefined) fcb.lxDevice = { major: rdevMajor, minor: rdevMinor ?? 0 };
  if (uid === undefined && gid === undefined && mode === undefined) return STATUS.SUCCESS;
  const before = await permissionsOfFcb(vcb, fcb);
  if (isErrno(before)) return ntStatusOf(before);
  const type = before.mode & abi.S_IFMT;
  const after = {
    ...before,
    mode: mode === undefined ? before.mode : type | (mode & 0o7777),
    uid: uid ?? before.uid,
    gid: gid ?? before.gid,
  };
  return ntStatusOfResult(await applyPermissions(vcb, fcb, before, after));
}
