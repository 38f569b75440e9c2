/**
 * A volume as a directory of the host: mounts through /dev/fuse and serves until it is unmounted,
 * by `unmount`, by umount(8) or fusermount3, or because the device was aborted.
 *
 * Invariants:
 * 1. This process must not use the mount synchronously, as with statSync(): the answer would have
 *    to come from the very thread that waits for it.
 * 2. When `ended` resolves nothing of the mount is open on the volume. The volume's owner writes
 *    the volume out and unmounts it.
 */
import { FsBridgeError } from '../errors.ts';
import { type OperationSummary, RequestStatistics } from '../observe/request-statistics.ts';
import type { Volume } from '../vfs-linux/volume.ts';
import { DeviceLoop } from './device-loop.ts';
import { Identities } from './identities.ts';
import { libc } from './libc.ts';
import { attach, detach, deviceNumber, isMounted, tune } from './mount-point.ts';
import { probeFeatures } from './negotiation.ts';
import { operationNames } from './operations.ts';

export interface FuseMountOptions {
  /** What mount(8) and df(1) show as the source. */
  readonly source: string;
  /** Users other than the mounting one may use the mount. The default is true for root. */
  readonly allowOther?: boolean;
  /** Device nodes work. Default false. */
  readonly dev?: boolean;
  /** Set-user-ID and set-group-ID bits of programs work. Default false. */
  readonly suid?: boolean;
  /** Programs can be run. Default true. */
  readonly exec?: boolean;
  /**
   * The host gathers what is written, and hands it over later. Default false. It makes writes of a
   * few KiB five times as fast, and closing, removing and streaming slower. A full disk then fails
   * the close instead of the write.
   */
  readonly writeback?: boolean;
  /** Gets messages about failures, for a log. */
  readonly onLog?: (line: string) => void;
}

export interface FuseMount {
  readonly mountPoint: string;
  /** Resolves when the mount is gone, by us or from outside. */
  readonly ended: Promise<void>;
  /** The requests so far, by operation. */
  statistics(): readonly OperationSummary[];
  /**
   * Unmounts, and waits for `ended`. Throws FsBridgeError: EBUSY while the mount is in use.
   *
   * With `lazy` the mount disappears at once, and ends when its last user is done: then this does
   * not wait for `ended`. Nor does it where `mount --bind` shows the mount at another place too, as
   * the mount ends with the last place. Returns whether the mount has ended.
   */
  unmount(options?: { readonly lazy?: boolean }): Promise<boolean>;
}

/**
 * Mounts a volume. The volume's owner keeps it open until `ended`.
 *
 * Throws FsBridgeError: ERR_NOT_LINUX; ERR_NO_FUSE without /dev/fuse; ERR_NO_FUSERMOUNT without the
 * program that users other than root need; ENOTDIR, ENOENT or EPERM as the host answers.
 */
export async function mountFuse(
  volume: Volume,
  mountPoint: string,
  options: FuseMountOptions,
): Promise<FuseMount> {
  if (process.platform !== 'linux') {
    const why = 'FUSE is a part of Linux';
    throw new FsBridgeError('ERR_NOT_LINUX', mountPoint, why, 'On Windows, use a drive letter.');
  }
  const features = await probeFeatures(volume, options.writeback ?? false);
  const identities = await Identities.open(volume.kernel, volume.root);
  const calls = await libc();
  const onLog = options.onLog ?? (() => {});
  const statistics = new RequestStatistics(operationNames);
  const attached = await attach(calls, mountPoint, volume.readOnly, options);
  const parts = { volume, libc: calls, fd: attached.fd, features, identities, statistics, onLog };
  const loop = new DeviceLoop(parts);
  const refusal = await loop.started;
  if (refusal !== undefined) {
    await detach(calls, attached, true);
    await loop.ended;
    throw new FsBridgeError('ERR_FUSE', mountPoint, refusal, 'A newer Linux may do.');
  }
  const number = await deviceNumber(attached);
  if (number !== undefined) await tune(number);
  return {
    mountPoint: attached.mountPoint,
    ended: loop.ended,
    statistics: () => statistics.summary(),
    unmount: async ({ lazy = false } = {}) => {
      await detach(calls, attached, lazy);
      if (await isMounted(number)) return false;
      if (!lazy) await loop.ended;
      return !lazy;
    },
  };
}
