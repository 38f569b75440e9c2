/**
 * Putting the mount into the host's tree and taking it out: mount(2) and umount2(2) as root,
 * fusermount3 for everybody else.
 */
import fs from 'node:fs';
import path from 'node:path';
import { FsBridgeError } from '../errors.ts';
import { abi, errno } from '../vfs-linux/abi.gen.ts';
import { errnoMeaning, errnoName } from '../vfs-linux/errors.ts';
import { mountAsUser, unmountAsUser } from './fusermount.ts';
import type { Libc } from './libc.ts';
import { maxTransferBytes } from './wire.ts';

export interface MountWish {
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

const device = '/dev/fuse';
const fsType = 'fuse.fsbridge';
/** PR_SET_IO_FLUSHER of linux/prctl.h. */
const prSetIoFlusher = 57;
const readAheadKib = 2048;

function openDevice(): number {
  try {
    return fs.openSync(device, fs.constants.O_RDWR | fs.constants.O_NONBLOCK);
  } catch (error) {
    throw new FsBridgeError(
      'ERR_NO_FUSE',
      device,
      error instanceof Error ? error.message : 'it cannot be opened',
      'Load the module with `modprobe fuse`; in a container, give it the device /dev/fuse.',
    );
  }
}

async function resolveMountPoint(where: string): Promise<string> {
  try {
    return await fs.promises.realpath(where);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'EIO';
    throw new FsBridgeError(code, where, 'there is no such directory', 'Make it with mkdir first.');
  }
}

/** Mounts; nothing is mounted or open when it throws. */
export async function attach(
  libc: Libc,
  where: string,
  readOnly: boolean,
  wish: MountWish,
): Promise<Attached> {
  const mountPoint = await resolveMountPoint(where);
  const asRoot = process.geteuid?.() === 0;
  const fd = asRoot
    ? await mountAsRoot(libc, mountPoint, readOnly, wish)
    : await mountAsUser(libc, mountPoint, userOptions(readOnly, wish));
  // Memory that this process needs must not wait for what it is to write itself.
  libc.prctl(prSetIoFlusher, 1);
  return { fd, mountPoint, asRoot };
}

/** What fusermount3 takes; the descriptor and the owner it adds itself. */
function userOptions(readOnly: boolean, wish: MountWish): string[] {
  const escaped = wish.source.replaceAll(/[\\,]/g, (char) => `\\${char}`);
  return [
    readOnly ? 'ro' : 'rw',
    `fsname=${escaped}`,
    'subtype=fsbridge',
    'default_permissions',
    `max_read=${maxTransferBytes}`,
    ...(wish.exec === false ? ['noexec'] : []),
    // Others are let in only where /etc/fuse.conf has user_allow_other.
    ...(wish.allowOther === true ? ['allow_other'] : []),
  ];
}

async function mountAsRoot(
  libc: Libc,
  mountPoint: string,
  readOnly: boolean,
  wish: MountWish,
): Promise<number> {
  const { mode } = await fs.promises.stat(mountPoint);
  const fd = openDevice();
  const flags =
    (readOnly ? abi.MS_RDONLY : 0) |
    (wish.dev === true ? 0 : abi.MS_NODEV) |
    (wish.suid === true ? 0 : abi.MS_NOSUID) |
    (wish.exec === false ? abi.MS_NOEXEC : 0);
  const data = [
    `fd=${fd}`,
    `rootmode=${(mode & abi.S_IFMT).toString(8)}`,
    'user_id=0',
    'group_id=0',
    'default_permissions',
    ...((wish.allowOther ?? true) ? ['allow_other'] : []),
    `max_read=${maxTransferBytes}`,
  ].join(',');
  const ret = libc.mount(wish.source, mountPoint, fsType, flags, data);
  if (ret >= 0) return fd;
  fs.closeSync(fd);
  const why = `cannot be mounted on: ${errnoMeaning(ret)}`;
  throw new FsBridgeError(errnoName(ret), mountPoint, why);
}

/** Throws FsBridgeError where the host says no. */
export async function detach(libc: Libc, attached: Attached, lazy: boolean): Promise<void> {
  if (!attached.asRoot) {
    await unmountAsUser(attached.mountPoint, lazy);
    return;
  }
  const ret = await libc.umount2(attached.mountPoint, lazy ? abi.MNT_DETACH : 0);
  // EINVAL: it is no mount point any more.
  if (ret >= 0 || ret === -errno.EINVAL) return;
  const busy = ret === -errno.EBUSY;
  throw new FsBridgeError(
    errnoName(ret),
    attached.mountPoint,
    `cannot be unmounted: ${errnoMeaning(ret)}`,
    busy ? 'Somebody uses it: `fuser -m` tells who; --lazy takes it away all the same.' : undefined,
  );
}

/** The lines of /proc/self/mountinfo (proc_pid_mountinfo(5)), in fields. */
async function mountInfo(): Promise<string[][]> {
  const text = await fs.promises.readFile('/proc/self/mountinfo', 'latin1');
  return text.split('\n').map((line) => line.split(' '));
}

/** The number of the mount's device, "0:45". */
export async function deviceNumber({ mountPoint }: Attached): Promise<string | undefined> {
  const escaped = mountPoint.replace(
    /[ \t\n\\]/g,
    (c) => `\\${c.charCodeAt(0).toString(8).padStart(3, '0')}`,
  );
  return (await mountInfo()).findLast((field) => field[4] === escaped)?.[2];
}

/** Whether it is still mounted somewhere: `mount --bind` shows it at other places too. */
export async function isMounted(number: string | undefined): Promise<boolean> {
  return number !== undefined && (await mountInfo()).some((field) => field[2] === number);
}

/**
 * Lets the host read ahead and gather writes as for a disk of its own; by default it treats FUSE as
 * a slow stranger. Only root may, and without it is only slower.
 */
export async function tune(number: string): Promise<void> {
  const folder = path.join('/sys/class/bdi', number);
  const write = (name: string, value: number): Promise<void> =>
    fs.promises.writeFile(path.join(folder, name), String(value)).catch(() => {});
  await write('read_ahead_kb', readAheadKib);
  await write('strict_limit', 0);
  await write('max_ratio', 100);
}
