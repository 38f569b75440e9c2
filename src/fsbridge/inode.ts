/**
 * What an open inode is to Windows: its statx, what user.DOSATTRIB keeps beside it, and the
 * FileInfo that is made of both.
 */
import { abi, errno } from '../vfs-linux/abi.gen.ts';
import { type Fd, itself } from '../vfs-linux/calls.ts';
import { isErrno } from '../vfs-linux/errno.ts';
import type { Statx } from '../vfs-linux/statx.ts';
import { learnXattrs, mayHaveUserXattrs } from './eas.ts';
import type { Fcb } from './fcb.ts';
import { type FileInfo, fillInfo, storedAttributes } from './file-info.ts';
import type { FileObject } from './file-object.ts';
import { forgetPermissions } from './permissions.ts';
import {
  FILE_ATTRIBUTE,
  fileAttributesOf,
  modeWithReadonly,
  storedAttributeBits,
} from './translate/attributes.ts';
import { type DosAttrib, dosAttribXattr, formatDosAttrib } from './translate/dos-attrib.ts';
import { type NtStatus, ntStatusOf, STATUS } from './translate/ntstatus.ts';
import { reparseTagOf } from './translate/reparse.ts';
import type { Vcb } from './vcb.ts';

const anyWrite = 0o222;

/**
 * Keeps attributes and a time of creation; what Linux itself says is not kept twice. 0 or a
 * negative errno; a volume that has no room for them (vfat, special files) forgets them without an
 * error, as FAT forgets what it has no place for.
 */
export async function keepDosAttrib(
  vcb: Vcb,
  fcb: Fcb,
  attributes: number,
  creationTime: bigint | undefined,
): Promise<number> {
  if (!mayHaveUserXattrs(vcb, fcb)) return 0;
  const stored = attributes & storedAttributeBits;
  const dos: DosAttrib = { attributes: stored, creationTime };
  if (fcb.dos === undefined) await learnXattrs(vcb, fcb);
  const before = fcb.dos ?? undefined;
  const isDefault = stored === storedAttributes(null, fcb.type) && creationTime === undefined;
  if (isDefault && before === undefined) return 0;
  if (before?.attributes === stored && before.creationTime === creationTime) return 0;
  const ret = await vcb.calls.setxattrat(itself(fcb.handle), dosAttribXattr, formatDosAttrib(dos));
  if (ret === -errno.EOPNOTSUPP) return 0;
  fcb.dos = ret < 0 ? undefined : dos;
  return ret;
}

/**
 * The write bits that the mount gives to every file of a file system without modes of its own; else
 * 0. FAT and exFAT ignore a change to a mode with only some of them (fat_sanitize_mode).
 */
async function writeBitsOfMount(vcb: Vcb): Promise<number> {
  if (vcb.traits.modes) return 0;
  const root = await vcb.calls.fstatx(vcb.volume.root);
  return isErrno(root) ? 0 : root.mode & anyWrite;
}

/**
 * Gives a file these attributes: READONLY is the mode's, the others are kept beside it. 0 or a
 * negative errno.
 */
export async function setAttributes(
  vcb: Vcb,
  fcb: Fcb,
  attributes: number,
  creationTime: bigint | undefined,
): Promise<number> {
  const statx = await vcb.calls.fstatx(fcb.handle);
  if (isErrno(statx)) return statx;
  if (fcb.type === abi.S_IFREG) {
    const wantsReadOnly = (attributes & FILE_ATTRIBUTE.READONLY) !== 0;
    const plain = modeWithReadonly(statx.mode, wantsReadOnly);
    const mode = wantsReadOnly ? plain : plain | (await writeBitsOfMount(vcb));
    if (mode !== statx.mode) {
      const bits = mode & 0o7777;
      const ret = await vcb.calls.fchmodat2(fcb.handle, '', bits, abi.AT_EMPTY_PATH);
      if (ret < 0) return ret;
      forgetPermissions(fcb);
    }
  }
  // A file's READONLY is in its mode; a directory has no other place for it.
  const kept = fcb.type === abi.S_IFREG ? attributes & ~FILE_ATTRIBUTE.READONLY : attributes;
  return keepDosAttrib(vcb, fcb, kept, creationTime);
}

/** Fills a FileInfo from a statx that was just made. */
export async function describe(vcb: Vcb, fcb: Fcb, statx: Statx, info: FileInfo): Promise<void> {
  if (fcb.dos === undefined || fcb.eaSize === undefined) await learnXattrs(vcb, fcb);
  fillInfo(info, statx, {
    dos: fcb.dos ?? undefined,
    reparseTag: reparseTagOf(statx.mode),
    isDirectoryLink: fcb.isDirectoryLink,
    eaSize: fcb.eaSize ?? 0,
  });
}

/** The same with a statx of now: what most requests answer. */
export async function queryInfo(
  vcb: Vcb,
  fileObject: FileObject,
  info: FileInfo,
): Promise<NtStatus> {
  const statx = await vcb.calls.fstatx(fileObject.fcb.handle);
  if (isErrno(statx)) return ntStatusOf(statx);
  await describe(vcb, fileObject.fcb, statx, info);
  return STATUS.SUCCESS;
}

/** Whether it has FILE_ATTRIBUTE_READONLY: then it is not deleted and not replaced. */
export async function isMarkedReadOnly(vcb: Vcb, fcb: Fcb): Promise<boolean> {
  const statx = await vcb.calls.fstatx(fcb.handle);
  if (isErrno(statx)) return false;
  if (fcb.dos === undefined) await learnXattrs(vcb, fcb);
  const stored = storedAttributes(fcb.dos, fcb.type);
  const attributes = fileAttributesOf(statx, { dosAttributes: stored });
  return (attributes & FILE_ATTRIBUTE.READONLY) !== 0;
}

/** Whether the symbolic link of that name leads to a directory now. */
export async function isDirectoryLinkAt(
  vcb: Vcb,
  dir: Fd,
  linuxName: Uint8Array,
): Promise<boolean> {
  const target = await vcb.calls.statx(dir, linuxName);
  return !isErrno(target) && target.type === abi.S_IFDIR;
}
