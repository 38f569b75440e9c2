/** Room for a file that will be written: fallocate(2) beyond its end. */
import { abi, errno } from '../vfs-linux/abi.gen.ts';
import type { Fd } from '../vfs-linux/calls.ts';
import { isErrno } from '../vfs-linux/errno.ts';
import { type NtStatus, ntStatusOfResult, STATUS } from './translate/ntstatus.ts';
import type { Vcb } from './vcb.ts';

/** DISK_FULL where there is none. On file systems that cannot reserve each write finds its room. */
export async function reserveRoom(vcb: Vcb, fd: Fd, allocationSize: number): Promise<NtStatus> {
  if (allocationSize <= 0) return STATUS.SUCCESS;
  const ret = await vcb.calls.fallocate(fd, abi.FALLOC_FL_KEEP_SIZE, 0, allocationSize);
  const isFull = ret === -errno.ENOSPC || ret === -errno.EDQUOT || ret === -errno.EFBIG;
  if (!isFull) return STATUS.SUCCESS;
  await giveBackRoom(vcb, fd);
  return ntStatusOfResult(ret);
}

/** Frees what is reserved beyond the file's end, also by a fallocate that failed halfway. */
export async function giveBackRoom(vcb: Vcb, fd: Fd): Promise<void> {
  const statx = await vcb.calls.fstatx(fd);
  if (isErrno(statx) || statx.blocks * 512 <= statx.size) return;
  await vcb.calls.ftruncate(fd, statx.size);
}
