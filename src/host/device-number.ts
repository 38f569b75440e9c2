/**
 * The identity of a file or device of the host: whether two paths are the same source, Linux's
 * major and minor numbers, and the folder of sysfs that describes a device.
 */
import type { BigIntStats } from 'node:fs';
import { readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';

/** The folders in which Linux describes itself; tests give made-up ones. */
export interface HostFolders {
  readonly sys: string;
  readonly proc: string;
}

export const hostFolders: HostFolders = { sys: '/sys', proc: '/proc' };

/**
 * The major and minor number of a stat's dev or rdev.
 *
 * The two numbers are interleaved for the sake of old 16-bit dev_t: glibc's bits/sysmacros.h
 * (gnu_dev_major, gnu_dev_minor).
 */
export function deviceNumbers(device: bigint): readonly [major: number, minor: number] {
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & 0xfffff000n);
  const minor = (device & 0xffn) | ((device >> 12n) & 0xffffff00n);
  return [Number(major), Number(minor)];
}

/** "MAJOR:MINOR" of a stat's dev or rdev, as sysfs and mountinfo have it. */
export function majorMinor(device: bigint): string {
  return deviceNumbers(device).join(':');
}

/**
 * A text that is equal for two paths exactly where they are the same source. For a device node it
 * is the device's number, as one disk may have several nodes; for a file, the number of its file
 * system and its inode.
 */
export function sourceIdentity(stats: BigIntStats): string {
  if (stats.isBlockDevice()) return diskIdentity(majorMinor(stats.rdev));
  return `file-${stats.dev}-${stats.ino}`;
}

/** The identity of the block device "MAJOR:MINOR". */
export function diskIdentity(deviceNumber: string): string {
  return `disk-${deviceNumber.replace(':', '-')}`;
}

/**
 * The sysfs folder of a block device; a partition's lies inside its disk's. Undefined: no such
 * device.
 */
export async function sysfsFolder(
  deviceNumber: string,
  folders: HostFolders = hostFolders,
): Promise<string | undefined> {
  try {
    return await realpath(join(folders.sys, 'dev', 'block', deviceNumber));
  } catch {
    return undefined;
  }
}

/** The text of a small file of sysfs or procfs, without the line's end; undefined: no such file. */
export async function readAttribute(...parts: string[]): Promise<string | undefined> {
  try {
    return (await readFile(join(...parts), 'utf8')).trimEnd();
  } catch {
    return undefined;
  }
}
