/** What this Linux has mounted where: /proc/self/mountinfo (proc_pid_mountinfo(5)). */
import fs from 'node:fs';

export interface MountEntry {
  readonly target: string;
  readonly type: string;
  readonly source: string;
  /** "rw,nosuid,relatime" */
  readonly flags: string;
}

/** procfs writes space, tab, newline and backslash in octal (fs/seq_file.c, mangle_path). */
function unescapeField(field: string): string {
  return Buffer.from(
    field.replace(/\\([0-7]{3})/g, (_, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    ),
    'latin1',
  ).toString();
}

/** "36 35 98:0 /sub /mnt rw,noatime master:1 - ext4 /dev/sda1 rw" */
export function parseMountInfo(text: string): MountEntry[] {
  return text.split('\n').flatMap((line) => {
    const fields = line.split(' ');
    const dash = fields.indexOf('-', 6);
    if (dash < 0) return [];
    const [type = '', source = ''] = fields.slice(dash + 1);
    const [target = '', flags = ''] = fields.slice(4);
    return [{ target: unescapeField(target), type, source: unescapeField(source), flags }];
  });
}

function readMountInfo(): string {
  try {
    // As bytes: names need not be UTF-8.
    return fs.readFileSync('/proc/self/mountinfo', 'latin1');
  } catch {
    return '';
  }
}

/** What is mounted at that very place (a full name), the topmost; undefined: nothing. */
export function findMountPoint(target: string): MountEntry | undefined {
  return parseMountInfo(readMountInfo()).findLast((entry) => entry.target === target);
}
