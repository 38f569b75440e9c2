/**
 * A volume as a directory of the host: mounts through /dev/fuse and serves until it is unmounted,
 * by `unmount`, by umount(8) or fusermount3, or because the device was aborted.
 *
 * Invariants:
 * 1. Nothing in this process may ask for something on the mount synchronously, a statSync() for
 *    one: the answer would have to come from this very thread.
 * 2. When `ended` resolves nothing of the mount is open on the volume. Writing out and unmounting
 *    the volume is its owner's.
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
  /** Others than the mounting user may use it: the default as root, as with any mount. */
  readonly allowOther?: boolean;
  /** Device nodes, set-user-id programs and programs count: off unless asked for. */
  readonly dev?: boolean;
  readonly suid?: boolean;
  /** Default true. */
  readonly exec?: boolean;
  /**
   * Let the host gather what is written, and hand it over later. Default false: it makes writes of
   * a few KiB five times as fast, and closing, removing and streaming slower; a full disk is found
   * out at the close instead of the write.
   */
  readonly writeback?: boolean;
  /** Told what goes wrong. */
  readonly onLog?: (line: string) => void;
}

export interface FuseMount {
  readonly mountPoint: string;
  /** Resolves when the mount is gone, by us or from outside. */
  readonly ended: Promise<void>;
  /** The requests so far, by operation. */
  statistics(): readonly OperationSummary[];
  /**
   * Unmounts and waits for `ended`. Throws FsBridgeError: EBUSY while somebody uses it; with `lazy`
   * it disappears at once, and ends when nobody uses it any more: then `ended` is not waited for.
   * Nor is it where the mount is shown at another place too, and ends with the last of them.
   * Answers whether it has ended.
   */
  unmount(options?: { readonly lazy?: boolean }): Promise<boolean>;
}

/**
 * Mounts. The volume's owner keeps it open until `ended`.
 *
 * Throws FsBridgeError: ERR_NOT_LINUX, ERR_NO_FUSE without /dev/fuse, ERR_NO_FUSERMOUNT for a user
 * who is not root and has none, ENOTDIR, ENOENT or EPERM as the host says.
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
