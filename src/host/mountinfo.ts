/** What this Linux has mounted, and where: /proc/self/mountinfo (proc_pid_mountinfo(5)). */
import fs from 'node:fs';
import path from 'node:path';

export interface MountEntry {
  /** "98:0" */
  readonly deviceNumber: string;
  readonly target: string;
  /** The flags of this mount: "rw,nosuid,relatime". */
  readonly flags: string;
  readonly type: string;
  readonly source: string;
  /** The options of the file system as a whole: "rw,errors=continue". */
  readonly superOptions: string;
}

/**
 * procfs and fstab(5) write space, tab, newline and backslash in octal, as \040 (fs/seq_file.c,
 * mangle_path).
 */
export function unescapeOctal(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}

/** A field of a text that was read as latin1, because names need not be UTF-8. */
function decodeField(field: string): string {
  return Buffer.from(unescapeOctal(field), 'latin1').toString();
}

/**
 * The mounts, in the order in which they were made. A line is
 * "36 35 98:0 /sub /mnt rw,noatime master:1 - ext4 /dev/sda1 rw"; the text is read as latin1.
 */
export function parseMountInfo(text: string): MountEntry[] {
  return text.split('\n').flatMap((line) => {
    const fields = line.split(' ');
    // Any number of optional fields comes before the dash.
    const dash = fields.indexOf('-', 6);
    if (dash < 0) return [];
    const [, , deviceNumber = '', , target = '', flags = ''] = fields;
    const [type = '', source = '', superOptions = ''] = fields.slice(dash + 1);
    return [
      {
        deviceNumber,
        target: decodeField(target),
        flags,
        type,
        source: decodeField(source),
        superOptions,
      },
    ];
  });
}

/** All mounts that this process sees; none where the file cannot be read. */
export async function readMountInfo(procFolder = '/proc'): Promise<MountEntry[]> {
  const file = path.join(procFolder, 'self', 'mountinfo');
  return parseMountInfo(await fs.promises.readFile(file, 'latin1').catch(() => ''));
}

/** The topmost mount at that very place, a full name; undefined: nothing is mounted there. */
export function findMountPoint(target: string): MountEntry | undefined {
  try {
    const text = fs.readFileSync('/proc/self/mountinfo', 'latin1');
    return parseMountInfo(text).findLast((entry) => entry.target === target);
  } catch {
    return undefined;
  }
}

/** The user who made a FUSE mount, as this Linux has it; undefined for other file systems. */
export function fuseOwner(entry: MountEntry): number | undefined {
  const uid = /(?:^|,)user_id=(\d+)(?:,|$)/.exec(entry.superOptions)?.[1];
  return uid === undefined ? undefined : Number(uid);
}
