/**
 * Puts the mount into the host's tree and takes it out: with mount(2) and umount2(2) as root, with
 * fusermount3 as another user.
 */
import fs from 'node:fs';
import path from 'node:path';
import { FsBridgeError } from '../errors.ts';
import { hostCode } from '../host/host-error.ts';
import { readMountInfo } from '../host/mountinfo.ts';
import { abi, errno } from '../vfs-linux/abi.gen.ts';
import { errnoMeaning, errnoName } from '../vfs-linux/errors.ts';
import { mountAsUser, unmountAsUser } from './fusermount.ts';
import type { Libc } from './libc.ts';
import { fuseDevice, noFuse } from './requirements.ts';
import { maxTransferBytes } from './wire.ts';

/** How the host mounts: as FuseMountOptions. */
export interface AttachOptions {
  readonly source: string;
  readonly allowOther?: boolean;
  readonly dev?: boolean;
  readonly suid?: boolean;
  readonly exec?: boolean;
}

export interface Attached {
  /** The device, open and non-blocking. */
  readonly fd: number;
  readonly mountPoint: string;
  readonly asRoot: boolean;
}

const fsType = 'fuse.fsbridge';
/** PR_SET_IO_FLUSHER of linux/prctl.h. */
const prSetIoFlusher = 57;
const readAheadKib = 2048;

function openDevice(): number {
  try {
    return fs.openSync(fuseDevice, fs.constants.O_RDWR | fs.constants.O_NONBLOCK);
  } catch (error) {
    throw noFuse(error instanceof Error ? error.message : undefined);
  }
}

async function resolveMountPoint(where: string): Promise<string> {
  try {
    return await fs.promises.realpath(where);
  } catch (error) {
    throw new FsBridgeError(
      hostCode(error),
      where,
      'there is no such directory',
      'Make it with mkdir first.',
    );
  }
}

/** Mounts; nothing is mounted or open when it throws. */
export async function attach(
  libc: Libc,
  where: string,
  readOnly: boolean,
  options: AttachOptions,
): Promise<Attached> {
  const mountPoint = await resolveMountPoint(where);
  const asRoot = process.geteuid?.() === 0;
  const fd = asRoot
    ? await mountAsRoot(libc, mountPoint, readOnly, options)
    : await mountAsUser(libc, mountPoint, userOptions(readOnly, options));
  // An allocation of this process must not wait for dirty pages that it has to write itself.
  libc.prctl(prSetIoFlusher, 1);
  return { fd, mountPoint, asRoot };
}

/** Options for fusermount3, which adds the descriptor and the owner itself. */
function userOptions(readOnly: boolean, options: AttachOptions): string[] {
  const escaped = options.source.replaceAll(/[\\,]/g, (char) => `\\${char}`);
  return [
    readOnly ? 'ro' : 'rw',
    `fsname=${escaped}`,
    'subtype=fsbridge',
    'default_permissions',
    `max_read=${maxTransferBytes}`,
    ...(options.exec === false ? ['noexec'] : []),
    // Others are let in only where /etc/fuse.conf has user_allow_other.
    ...(options.allowOther === true ? ['allow_other'] : []),
  ];
}

async function mountAsRoot(
  libc: Libc,
  mountPoint: string,
  readOnly: boolean,
  options: AttachOptions,
): Promise<number> {
  const { mode } = await fs.promises.stat(mountPoint);
  const fd = openDevice();
  const flags =
    (readOnly ? abi.MS_RDONLY : 0) |
    (options.dev === true ? 0 : abi.MS_NODEV) |
    (options.suid === true ? 0 : abi.MS_NOSUID) |
    (options.exec === false ? abi.MS_NOEXEC : 0);
  const data = [
    `fd=${fd}`,
    `rootmode=${(mode & abi.S_IFMT).toString(8)}`,
    'user_id=0',
    'group_id=0',
    'default_permissions',
    ...((options.allowOther ?? true) ? ['allow_other'] : []),
    `max_read=${maxTransferBytes}`,
  ].join(',');
  const { source } = options;
  const ret = libc.mount({ source, target: mountPoint, type: fsType, flags, data });
  if (ret >= 0) return fd;
  fs.closeSync(fd);
  const why = `cannot be mounted on: ${errnoMeaning(ret)}`;
  throw new FsBridgeError(errnoName(ret), mountPoint, why);
}

/** Unmounts. Throws FsBridgeError where the host refuses. */
export async function detach(libc: Libc, attached: Attached, lazy: boolean): Promise<void> {
  if (!attached.asRoot) {
    await unmountAsUser(attached.mountPoint, lazy);
    return;
  }
  const ret = await libc.umount2(attached.mountPoint, lazy ? abi.MNT_DETACH : 0);
  // EINVAL: nothing is mounted there any more.
  if (ret >= 0 || ret === -errno.EINVAL) return;
  const busy = ret === -errno.EBUSY;
  throw new FsBridgeError(
    errnoName(ret),
    attached.mountPoint,
    `cannot be unmounted: ${errnoMeaning(ret)}`,
    busy
      ? 'It is in use: `fuser -m` shows by which programs; --lazy takes it away all the same.'
      : undefined,
  );
}

/** The number of the mount's device, "0:45". */
export async function deviceNumber({ mountPoint }: Attached): Promise<string | undefined> {
  const mounts = await readMountInfo();
  return mounts.findLast(({ target }) => target === mountPoint)?.deviceNumber;
}

/** Whether the device is mounted anywhere: `mount --bind` shows a mount at other places too. */
export async function isMounted(number: string | undefined): Promise<boolean> {
  if (number === undefined) return false;
  return (await readMountInfo()).some(({ deviceNumber }) => deviceNumber === number);
}

/**
 * Lets the host read ahead and gather writes as for a local disk; by default it allows FUSE little
 * of both. Only root can set this; without it the mount is slower.
 */
export async function tune(number: string): Promise<void> {
  const folder = path.join('/sys/class/bdi', number);
  const write = (name: string, value: number): Promise<void> =>
    fs.promises.writeFile(path.join(folder, name), String(value)).catch(() => {});
  await write('read_ahead_kb', readAheadKib);
  await write('strict_limit', 0);
  await write('max_ratio', 100);
}
