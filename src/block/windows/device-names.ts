/**
 * Windows' names for disks and for what is on them:
 *
 *     \\.\PhysicalDrive1          a disk
 *     \\.\Harddisk1Partition2     a partition of it
 *     \\.\HarddiskVolume3         a volume, usually a partition
 *     \\?\Volume{GUID}  \\.\E:    a volume, by other names
 *
 * A backslash at the end would mean the root folder of what is on it. \\?\C:\disk.img is a file.
 */

const devices: RegExp = new RegExp(
  [
    '^(?:',
    ['PhysicalDrive\\d+', 'Harddisk\\d+Partition\\d+', 'HarddiskVolume\\d+', 'CdRom\\d+'].join('|'),
    '|Volume\\{[0-9a-f-]+\\}|[a-z]:)$',
  ].join(''),
  'i',
);

/** The name in the form that CreateFileW takes; undefined where it names no disk. */
export function windowsDeviceName(spec: string): string | undefined {
  // In shells of other systems slashes are easier to type.
  const [, mark, rest] = /^(?:\\\\|\/\/)([.?])[\\/](.+?)[\\/]?$/.exec(spec) ?? [];
  if (mark === undefined || rest === undefined || !devices.test(rest)) return undefined;
  return `\\\\${/^Volume/i.test(rest) ? '?' : mark}\\${rest}`;
}

/** Whether that name means a whole disk, which may hold several of Windows' volumes. */
export function isWholeDisk(name: string): boolean {
  return /PhysicalDrive\d+$/i.test(name);
}
