/**
 * The time of a file's last access, where the volume is mounted to keep it: by default it is not, as a
 * look at somebody's disk is to change nothing.
 *
 * The host leaves that time to us, and believes in no time of access that it knows once it has asked
 * for data, a listing or a link's target (fs/fuse, fuse_invalidate_atime). But it does not ask for data
 * that it has. So a file whose time would change with the next reading is opened without the data that
 * the host has of it, and the reading comes here, where this kernel changes the time by its own rule.
 */
import { abi } from '../vfs-linux/abi.gen.ts';
import type { Session } from './session.ts';

/** 'relative' as with relatime, 'always' as with strictatime. */
export type AccessTimes = 'never' | 'relative' | 'always';

const dayMs = 86_400_000;

/** The whole and the fraction of a second, at a byte of a struct statx. */
function timeAt(u32: Uint32Array, statxWord: number, field: number): [number, number] {
  const at = statxWord + field / 4;
  const low = u32[at] as number;
  const high = (u32[at + 1] as number) | 0;
  return [low + high * 4294967296, u32[at + abi['statx_timestamp.tv_nsec'] / 4] as number];
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

/** Calls `then` with whether who opens the file may read what the host has of it. */
export function mayReadCached(session: Session, fd: number, then: (may: boolean) => void): void {
  const { calls, features } = session;
  if (features.accessTimes !== 'relative') {
    then(features.accessTimes === 'never');
    return;
  }
  calls.fstatx(fd, (ret, slot) => {
    then(ret >= 0 && !isDue(calls.memory.u32, calls.result(slot) >>> 2));
  });
}
