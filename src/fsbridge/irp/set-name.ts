/**
 * The class of IRP_MJ_SET_INFORMATION that gives a file another name: FileRenameInformation (MS-FSA
 * 2.1.5.15.12).
 *
 * Invariant: both directories are held alone, in the order of their Fcbs' serial numbers, from the
 * look at the target to the move of the Lcb. The transport checks which files are open.
 */
import { abi, errno } from '../../vfs-linux/abi.gen.ts';
import { at } from '../../vfs-linux/calls.ts';
import { type Errno, isErrno } from '../../vfs-linux/errno.ts';
import { checkReplace } from '../access.ts';
import type { Fcb, Lcb } from '../fcb.ts';
import { isMarkedReadOnly, queryInfo } from '../inode.ts';
import { RENAME } from '../nt.ts';
import { temporaryName } from '../temporary-name.ts';
import { type NtStatus, ntStatusOf, STATUS } from '../translate/ntstatus.ts';
import type { Vcb } from '../vcb.ts';
import { letGo, lookUpHeld, newWalk, type Place, walkToParent } from '../walk.ts';
import type { SetRenameInformation } from './irp.ts';

export async function setRename(vcb: Vcb, irp: SetRenameInformation): Promise<NtStatus> {
  const { lcb } = irp.fileObject;
  // 1 validate
  if (lcb === undefined) return STATUS.INVALID_PARAMETER;
  if (lcb.removed) return STATUS.FILE_DELETED;
  return withTarget(vcb, irp, lcb, (place) => rename(vcb, irp, lcb, place));
}

/** Resolves the new name and runs with both directories locked. */
async function withTarget(
  vcb: Vcb,
  irp: SetRenameInformation,
  source: Lcb,
  act: (place: Place) => Promise<NtStatus>,
): Promise<NtStatus> {
  const { newName } = irp;
  if (newName.charCodeAt(0) !== 0x5c || newName.includes('\\\\') || newName.includes(':')) {
    return STATUS.OBJECT_NAME_INVALID;
  }
  if (newName.length < 2 || newName.endsWith('\\')) return STATUS.OBJECT_NAME_INVALID;
  // 2 resolve
  const dir = await walkToParent(vcb, newName, newWalk());
  if (typeof dir === 'number') return dir === STATUS.REPARSE ? STATUS.NOT_SAME_DEVICE : dir;
  const last = newName.slice(newName.lastIndexOf('\\') + 1);
  try {
    return await withLocks(vcb, dir, source, async () => {
      const place = await lookUpHeld(vcb, dir, last);
      if (typeof place === 'number') return place;
      try {
        return await act(place);
      } finally {
        letGo(vcb, place);
      }
    });
  } finally {
    vcb.files.release(dir);
  }
}

/** Locks the target's directory and the source's; the source may move while this waits. */
async function withLocks(
  vcb: Vcb,
  dir: Fcb,
  source: Lcb,
  act: () => Promise<NtStatus>,
): Promise<NtStatus> {
  for (;;) {
    const from = source.parent;
    vcb.files.hold(from);
    const [first, second] = from.serial < dir.serial ? [from, dir] : [dir, from];
    await first.names.exclusive();
    if (second !== first) await second.names.exclusive();
    try {
      if (source.parent === from) return await act();
    } finally {
      if (second !== first) second.names.releaseExclusive();
      first.names.releaseExclusive();
      vcb.files.release(from);
    }
  }
}

/** Whether the target may be replaced: SUCCESS, or the status that says why not. */
async function checkTarget(vcb: Vcb, irp: SetRenameInformation, place: Place): Promise<NtStatus> {
  const target = place.fcb as Fcb;
  if ((irp.flags & RENAME.REPLACE_IF_EXISTS) === 0) return STATUS.OBJECT_NAME_COLLISION;
  const isDirectory = target.type === abi.S_IFDIR;
  const isSourceDirectory = irp.fileObject.fcb.type === abi.S_IFDIR;
  if (isDirectory || isSourceDirectory) {
    // POSIX semantics: a directory takes the place of an empty one, and of nothing else.
    const isPosix = (irp.flags & RENAME.POSIX_SEMANTICS) !== 0;
    if (!isPosix || isDirectory !== isSourceDirectory) return STATUS.ACCESS_DENIED;
  }
  const ignoresReadOnly = (irp.flags & RENAME.IGNORE_READONLY) !== 0;
  if (!ignoresReadOnly && (await isMarkedReadOnly(vcb, target))) return STATUS.ACCESS_DENIED;
  return checkReplace(vcb, irp.accessToken, place);
}

async function rename(
  vcb: Vcb,
  irp: SetRenameInformation,
  lcb: Lcb,
  place: Place,
): Promise<NtStatus> {
  if (lcb.removed) return STATUS.FILE_DELETED;
  const isOwnName = place.lcb === lcb;
  if (place.fcb !== undefined && !isOwnName) {
    // 3 check access
    const refused = await checkTarget(vcb, irp, place);
    if (refused !== STATUS.SUCCESS) return refused;
  }
  // 4 do
  const from = lcb.parent;
  const fromName = lcb.linuxName;
  const toName = newLinuxName(vcb, irp, place);
  if (toName === undefined) return STATUS.OBJECT_NAME_INVALID;
  const sameName = isOwnName && Buffer.compare(fromName, toName) === 0;
  if (!sameName) {
    const ret = await moveName(vcb, lcb, place, toName);
    if (isErrno(ret)) return renameStatus(ret, place);
    vcb.names.noteVanished(from, fromName);
    const shown = isOwnName ? irp.newName.slice(irp.newName.lastIndexOf('\\') + 1) : place.name;
    vcb.names.noteAppeared(place.dir, shown, toName);
    vcb.files.move(lcb, place.dir, shown, toName);
  }
  // 5 answer
  return queryInfo(vcb, irp.fileObject, irp.fileInfo);
}

/** The errno for a directory that is not empty depends on the file system: XFS answers EEXIST. */
function renameStatus(ret: Errno, place: Place): NtStatus {
  if (ret === -errno.EEXIST && place.fcb !== undefined) return STATUS.DIRECTORY_NOT_EMPTY;
  return ret === -errno.ENAMETOOLONG ? STATUS.OBJECT_NAME_INVALID : ntStatusOf(ret);
}

/** The bytes of the new name; where only its case changes, not those that the directory has. */
function newLinuxName(vcb: Vcb, irp: SetRenameInformation, place: Place): Uint8Array | undefined {
  if (vcb.names.caseSensitive) return place.linuxName;
  return vcb.names.toLinux(irp.newName.slice(irp.newName.lastIndexOf('\\') + 1));
}

async function moveName(vcb: Vcb, lcb: Lcb, place: Place, toName: Uint8Array): Promise<number> {
  const { parent, linuxName } = lcb;
  const replaced = place.lcb;
  if (replaced !== undefined && replaced !== lcb) {
    if (place.fcb === lcb.fcb) {
      // Two names of one file: rename(2) would leave both.
      const ret = await vcb.calls.unlinkat(place.dir.handle, place.linuxName);
      if (ret < 0) return ret;
      vcb.names.noteVanished(place.dir, place.linuxName);
    } else if (Buffer.compare(place.linuxName, toName) !== 0) {
      return moveOverSpelling(vcb, lcb, place, toName);
    }
  }
  if (replaced === lcb && vcb.traits.caseRule !== 'sensitive') {
    // The driver takes both spellings for one name, and a rename between them for none.
    const between = temporaryName();
    const ret = await vcb.calls.renameat2(at(parent.handle, linuxName), at(parent.handle, between));
    if (ret < 0) return ret;
    return vcb.calls.renameat2(at(parent.handle, between), at(place.dir.handle, toName));
  }
  return vcb.calls.renameat2(at(parent.handle, linuxName), at(place.dir.handle, toName));
}

/**
 * Replaces a target whose name is the same to Windows and another to Linux: first the target takes
 * the new spelling. If the rename then fails, it gets its own spelling back.
 */
async function moveOverSpelling(
  vcb: Vcb,
  lcb: Lcb,
  place: Place,
  toName: Uint8Array,
): Promise<number> {
  const { dir, linuxName } = place;
  const spelt = await vcb.calls.renameat2(at(dir.handle, linuxName), at(dir.handle, toName));
  if (spelt < 0) return spelt;
  const ret = await vcb.calls.renameat2(
    at(lcb.parent.handle, lcb.linuxName),
    at(dir.handle, toName),
  );
  if (ret < 0) await vcb.calls.renameat2(at(dir.handle, toName), at(dir.handle, linuxName));
  else vcb.names.noteVanished(dir, linuxName);
  return ret;
}
