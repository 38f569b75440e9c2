/**
 * Makes an inode a reparse point, or a plain file again. Linux cannot change the type of an inode,
 * so another one is made under a temporary name and takes the name over, and the Fcb stands for the
 * new one: every open handle follows, as on NTFS, where it stays the same file.
 */
import { Buffer } from 'node:buffer';
import { abi } from '../vfs-linux/abi.gen.ts';
import { at, encodeDevice } from '../vfs-linux/calls.ts';
import { isErrno } from '../vfs-linux/errno.ts';
import type { Fcb, Lcb } from './fcb.ts';
import { openHandle } from './open-inode.ts';
import { applyPermissions, forgetPermissions, permissionsOfFcb } from './permissions.ts';
import { temporaryName } from './temporary-name.ts';
import { linuxTargetOf } from './translate/link-targets.ts';
import { type NtStatus, ntStatusOf, STATUS } from './translate/ntstatus.ts';
import { inodeOfReparse, type ReparseInode } from './translate/reparse.ts';
import type { Vcb } from './vcb.ts';

/** An inode with its name: a Place or a file object. */
export interface Named {
  readonly fcb: Fcb | undefined;
  readonly lcb: Lcb | undefined;
}

type Maker = (dir: Fcb, name: string) => Promise<number>;

/**
 * FSCTL_SET_REPARSE_POINT; the caller holds the parent's names alone, or has just made the file.
 */
export async function setReparseData(
  vcb: Vcb,
  file: Named,
  data: Buffer,
  targetOnFileSystem: number,
): Promise<NtStatus> {
  const fcb = file.fcb as Fcb;
  const { lcb } = file;
  if (lcb === undefined || lcb.removed) return STATUS.ACCESS_DENIED;
  const inode = inodeOfReparse(data);
  if (inode.kind === 'refused') return inode.status;
  const isFresh = fcb.type === abi.S_IFREG || fcb.type === abi.S_IFDIR;
  if (isFresh) {
    const unfit = await checkEmpty(vcb, fcb);
    if (unfit !== STATUS.SUCCESS) return unfit;
  }
  const make = makerOf(vcb, fcb, inode, onVolumeTarget(data, targetOnFileSystem));
  return typeof make === 'number' ? make : replaceInode(vcb, fcb, lcb, make);
}

/** A file with content would lose it: NTFS keeps both, Linux cannot. */
async function checkEmpty(vcb: Vcb, fcb: Fcb): Promise<NtStatus> {
  if (fcb.type === abi.S_IFDIR) {
    const fd = await vcb.calls.reopen(fcb.handle, abi.O_RDONLY | abi.O_DIRECTORY);
    if (isErrno(fd)) return ntStatusOf(fd);
    const entries = await vcb.calls.getdents64(fd);
    vcb.files.closeFd(fd);
    if (isErrno(entries)) return ntStatusOf(entries);
    return entries.length === 0 ? STATUS.SUCCESS : STATUS.DIRECTORY_NOT_EMPTY;
  }
  const statx = await vcb.calls.fstatx(fcb.handle);
  if (isErrno(statx)) return ntStatusOf(statx);
  return statx.size === 0 ? STATUS.SUCCESS : STATUS.IO_REPARSE_DATA_INVALID;
}

/** The target of an absolute link to this volume: the part behind the volume's own name. */
function onVolumeTarget(data: Buffer, targetOnFileSystem: number): Buffer | undefined {
  if (targetOnFileSystem <= 0 || data.length < 20) return undefined;
  const start = 20 + data.readUInt16LE(8);
  const end = start + data.readUInt16LE(10);
  const path = data.toString('utf16le', start + targetOnFileSystem, end);
  return linuxTargetOf(path.startsWith('\\') ? path : `\\${path}`, true);
}

function makerOf(
  vcb: Vcb,
  fcb: Fcb,
  inode: Exclude<ReparseInode, { kind: 'refused' }>,
  onVolume: Buffer | undefined,
): Maker | NtStatus {
  const { creating } = vcb;
  switch (inode.kind) {
    case 'symlink': {
      const target = onVolume ?? inode.target;
      return (dir, name) => creating.symlinkat(target, dir.handle, name);
    }
    case 'fifo':
      return (dir, name) => creating.mknodat(dir.handle, name, abi.S_IFIFO | 0o644, 0);
    case 'socket':
      return (dir, name) => creating.mknodat(dir.handle, name, abi.S_IFSOCK | 0o644, 0);
    default: {
      const type = inode.kind === 'chr' ? abi.S_IFCHR : abi.S_IFBLK;
      const major = inode.rdevMajor ?? fcb.lxDevice?.major;
      const minor = inode.rdevMinor ?? fcb.lxDevice?.minor;
      if (major === undefined || minor === undefined) return STATUS.IO_REPARSE_DATA_INVALID;
      return (dir, name) =>
        creating.mknodat(dir.handle, name, type | 0o644, encodeDevice(major, minor));
    }
  }
}

/** FSCTL_DELETE_REPARSE_POINT: a file again, or a directory where the link led to one; empty. */
export async function deleteReparseData(vcb: Vcb, fcb: Fcb, lcb: Lcb): Promise<NtStatus> {
  const { creating } = vcb;
  const make: Maker = fcb.isDirectoryLink
    ? (dir, name) => creating.mkdirat(dir.handle, name, 0o777)
    : (dir, name) => creating.mknodat(dir.handle, name, abi.S_IFREG | 0o666, 0);
  return replaceInode(vcb, fcb, lcb, make);
}

async function replaceInode(vcb: Vcb, fcb: Fcb, lcb: Lcb, make: Maker): Promise<NtStatus> {
  const dir = lcb.parent;
  const temporary = temporaryName();
  const wasDirectory = fcb.type === abi.S_IFDIR;
  const permissions = await permissionsOfFcb(vcb, fcb);
  const made = await make(dir, temporary);
  if (isErrno(made)) return ntStatusOf(made);
  const opened = await openHandle(vcb, dir.handle, Buffer.from(temporary));
  if (isErrno(opened)) return ntStatusOf(opened);
  // A file cannot be renamed over a directory, nor the other way round: the two are exchanged.
  const isDirectory = opened.statx.type === abi.S_IFDIR;
  const flags = wasDirectory === isDirectory ? 0 : abi.RENAME_EXCHANGE;
  const ret = await vcb.calls.renameat2(
    at(dir.handle, temporary),
    at(dir.handle, lcb.linuxName),
    flags,
  );
  if (isErrno(ret)) {
    vcb.files.closeFd(opened.fd);
    await vcb.calls.unlinkat(dir.handle, temporary, isDirectory ? abi.AT_REMOVEDIR : 0);
    return ntStatusOf(ret);
  }
  if (flags !== 0) {
    await vcb.calls.unlinkat(dir.handle, temporary, wasDirectory ? abi.AT_REMOVEDIR : 0);
  }
  vcb.files.rebind(fcb, opened.statx, opened.fd);
  forgetPermissions(fcb);
  fcb.lcb = isDirectory ? lcb : undefined;
  fcb.isDirectoryLink = wasDirectory && opened.statx.type === abi.S_IFLNK;
  fcb.dos = undefined;
  fcb.eaSize = undefined;
  if (!isErrno(permissions)) await keepOwner(vcb, fcb, permissions);
  return STATUS.SUCCESS;
}

/** Gives the new inode the owner of the old one. */
async function keepOwner(
  vcb: Vcb,
  fcb: Fcb,
  before: { readonly uid: number; readonly gid: number },
): Promise<void> {
  const now = await permissionsOfFcb(vcb, fcb);
  if (isErrno(now)) return;
  await applyPermissions(vcb, fcb, now, { ...now, uid: before.uid, gid: before.gid });
}
