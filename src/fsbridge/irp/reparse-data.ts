/** The reparse data of an open inode. */
import type { Buffer } from 'node:buffer';
import { abi } from '../../vfs-linux/abi.gen.ts';
import { type Errno, isErrno } from '../../vfs-linux/errno.ts';
import type { Fcb } from '../fcb.ts';
import { type NtStatus, ntStatusOf, STATUS } from '../translate/ntstatus.ts';
import { reparseOfInode } from '../translate/reparse.ts';
import type { Vcb } from '../vcb.ts';

/** Its REPARSE_DATA_BUFFER, or a status: NOT_A_REPARSE_POINT for files and directories. */
export async function reparseBufferOf(vcb: Vcb, fcb: Fcb): Promise<Buffer | NtStatus> {
  if (fcb.type === abi.S_IFREG || fcb.type === abi.S_IFDIR) return STATUS.NOT_A_REPARSE_POINT;
  const statx = await vcb.calls.fstatx(fcb.handle);
  if (isErrno(statx)) return ntStatusOf(statx);
  let target: Buffer | Errno | undefined;
  if (fcb.type === abi.S_IFLNK) target = await vcb.calls.readlinkat(fcb.handle, '');
  if (isErrno(target)) return ntStatusOf(target);
  return reparseOfInode(statx.mode, target) ?? STATUS.NOT_A_REPARSE_POINT;
}
