/**
 * The time of a file's last access, where the volume is mounted to keep it. By default it is not,
 * as looking at a disk must not change it.
 *
 * The host leaves this time to us: it drops its cached atime after each READ, listing or READLINK
 * that it sends (fs/fuse, fuse_invalidate_atime). But data that the host has cached, it does not
 * ask for. So a file whose atime the next read would change is opened without the host's cached
 * data: then the read comes here, and this kernel changes the time by its own rule.
 */
import { join64 } from '../int64.ts';
import { abi } from '../vfs-linux/abi.gen.ts';
import { statxWordOf } from '../vfs-linux/calls/slot-calls.ts';
import type { Session } from './session.ts';

const dayMs = 86_400_000;

/** Whole seconds and nanoseconds at a byte of a struct statx. */
function timeAt(u32: Uint32Array, statxWord: number, field: number): [number, number] {
  const at = statxWord + field / 4;
  const low = u32[at] as number;
  const high = (u32[at + 1] as number) | 0;
  return [join64(low, high), u32[at + abi['statx_timestamp.tv_nsec'] / 4] as number];
}

/** fs/inode.c, relatime_need_update: not read since the last change, or not for a day. */
function isDue(u32: Uint32Array, statxWord: number): boolean {
  const [seconds, nanoseconds] = timeAt(u32, statxWord, abi['statx.stx_atime']);
  for (const field of [abi['statx.stx_mtime'], abi['statx.stx_ctime']]) {
    const [changed, changedNs] = timeAt(u32, statxWord, field);
    if (seconds < changed || (seconds === changed && nanoseconds <= changedNs)) return true;
  }
  return Date.now() - seconds * 1000 >= dayMs;
}

/** Calls `then` with whether an open of the file may use the data that the host has cached. */
export function mayReadCached(session: Session, fd: number, then: (may: boolean) => void): void {
  const { calls, features } = session;
  if (features.accessTimes !== 'relative') {
    then(features.accessTimes === 'never');
    return;
  }
  calls.fstatx(fd, (ret, slot) => {
    then(ret >= 0 && !isDue(calls.memory.u32, statxWordOf(slot)));
  });
}
