/**
 * IRP_MJ_CLEANUP: the program closed its handle. A name that was marked for deletion is removed
 * here. The request cannot fail: no program waits for its answer.
 *
 * Steps: 1 validate, 2 take the name, 3 check what is there, 4 do, 5 answer.
 */
import { Buffer } from 'node:buffer';
import { abi } from '../../vfs-linux/abi.gen.ts';
import { learnXattrs } from '../eas.ts';
import type { Lcb } from '../fcb.ts';
import { storedAttributes } from '../file-info.ts';
import type { FileObject } from '../file-object.ts';
import { keepDosAttrib } from '../inode.ts';
import { writeFdOf } from '../io.ts';
import { giveBackRoom } from '../reserve-room.ts';
import { FILE_ATTRIBUTE } from '../translate/attributes.ts';
import { type NtStatus, STATUS } from '../translate/ntstatus.ts';
import type { Vcb } from '../vcb.ts';
import type { CleanupIrp } from './irp.ts';

export async function cleanup(vcb: Vcb, irp: CleanupIrp): Promise<NtStatus> {
  const { fileObject } = irp;
  fileObject.closeListing();
  if (vcb.readOnly) return STATUS.SUCCESS;
  if (irp.delete && fileObject.lcb !== undefined) {
    await removeName(vcb, fileObject.lcb);
    return STATUS.SUCCESS;
  }
  if (irp.setAllocationSize) await trimAllocation(vcb, fileObject);
  if (irp.setArchiveBit) await setArchive(vcb, fileObject);
  await restoreTimes(vcb, fileObject);
  return STATUS.SUCCESS;
}

/** Removes a name; an open file stays until its last handle is closed. 0 or a negative errno. */
export async function removeName(vcb: Vcb, lcb: Lcb): Promise<number> {
  for (;;) {
    // A rename may take the name to another directory while this one is waited for.
    const { parent } = lcb;
    vcb.files.hold(parent);
    const wait = parent.names.exclusive();
    if (wait !== undefined) await wait;
    try {
      if (lcb.removed) return 0;
      if (lcb.parent === parent) return await unlink(vcb, lcb);
    } finally {
      parent.names.releaseExclusive();
      vcb.files.release(parent);
    }
  }
}

async function unlink(vcb: Vcb, lcb: Lcb): Promise<number> {
  const { parent, fcb } = lcb;
  const linuxName = Buffer.from(lcb.linuxName);
  const atFlags = fcb.type === abi.S_IFDIR ? abi.AT_REMOVEDIR : 0;
  const ret = await vcb.calls.unlinkat(parent.handle, linuxName, atFlags);
  if (ret < 0) return ret;
  vcb.names.noteVanished(parent, linuxName);
  vcb.files.remove(lcb);
  return 0;
}

async function trimAllocation(vcb: Vcb, fileObject: FileObject): Promise<void> {
  const { fcb } = fileObject;
  if (fcb.type !== abi.S_IFREG) return;
  const fd = await writeFdOf(vcb, fcb);
  if (fd >= 0) await giveBackRoom(vcb, fd);
}

async function setArchive(vcb: Vcb, fileObject: FileObject): Promise<void> {
  const { fcb } = fileObject;
  if (fcb.type !== abi.S_IFREG) return;
  if (fcb.dos === undefined) await learnXattrs(vcb, fcb);
  const stored = storedAttributes(fcb.dos, fcb.type) | FILE_ATTRIBUTE.ARCHIVE;
  await keepDosAttrib(vcb, fcb, stored, fcb.dos?.creationTime);
}

/**
 * Linux has moved the times itself, by the mount's own rule for access (relatime). Times that the
 * handle must leave alone are set back.
 */
async function restoreTimes(vcb: Vcb, fileObject: FileObject): Promise<void> {
  const { keptAccessTime: atime, keptWriteTime: mtime } = fileObject;
  if (atime === undefined && mtime === undefined) return;
  const omit = { sec: 0, nsec: abi.UTIME_OMIT };
  const { handle } = fileObject.fcb;
  await vcb.calls.utimensat(
    handle,
    '',
    { atime: atime ?? omit, mtime: mtime ?? omit },
    abi.AT_EMPTY_PATH,
  );
}
