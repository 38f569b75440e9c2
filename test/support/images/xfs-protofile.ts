/**
 * Writes a folder's tree as a protofile, the only way to fill an XFS without mounting it: needed
 * for XFS V4 and ascii-ci, which the kernel of most machines no longer mounts.
 *
 * The format is words between white space (mkfs.xfs(8), "prototype file"; xfsprogs mkfs/proto.c),
 * so entries with other than plain characters in name or target are left out, and so are devices,
 * sockets and xattrs; hard links become files. Names that differ in case alone are left out but
 * for the first: mkfs.xfs would put them all into a directory that ignores case.
 */
import type { Stats } from 'node:fs';
import { lstat, readdir, readlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const PLAIN = /^[\w./+-]+$/;
/** proto.c reads owners with atoi. */
const maxOwner = 0x7fff_ffff;

function modeWord(letter: string, mode: number): string {
  const setuid = mode & 0o4000 ? 'u' : '-';
  const setgid = mode & 0o2000 ? 'g' : '-';
  return `${letter}${setuid}${setgid}${(mode & 0o777).toString(8).padStart(3, '0')}`;
}

/**
 * The words after the name, and whether the entry is a directory; undefined where it is left out.
 */
async function describe(
  path: string,
  found: Stats,
  targetMaxBytes: number,
): Promise<string | undefined> {
  if (found.uid > maxOwner || found.gid > maxOwner) return undefined;
  const words = (letter: string, rest = ''): string =>
    `${modeWord(letter, found.mode)} ${found.uid} ${found.gid} ${rest}`.trimEnd();
  if (found.isDirectory()) return words('d');
  if (found.isFile()) return words('-', path);
  if (found.isFIFO()) return words('p');
  if (!found.isSymbolicLink()) return undefined;
  const target = await readlink(path);
  if (!PLAIN.test(target) || target.length > targetMaxBytes) return undefined;
  return words('l', target);
}

async function writeFolder(folder: string, lines: string[], targetMaxBytes: number): Promise<void> {
  const names = (await readdir(folder)).filter((name) => PLAIN.test(name)).sort();
  const taken = new Set<string>();
  for (const name of names) {
    const path = join(folder, name);
    const found = await lstat(path);
    const words = await describe(path, found, targetMaxBytes);
    if (words === undefined || taken.has(name.toLowerCase())) continue;
    taken.add(name.toLowerCase());
    lines.push(`${name} ${words}`);
    if (!found.isDirectory()) continue;
    await writeFolder(path, lines, targetMaxBytes);
    lines.push('$');
  }
}

/**
 * The longest symlink that V5 can be given: mkfs.xfs writes those outside the inode without their
 * header, which xfs_repair then finds (xfsprogs 6.1). V4 has no header there.
 */
const maxTargetBytes = { v4: 1023, v5: 250 } as const;

/** Writes the protofile of a folder, whose own path must be of plain characters. */
export async function writeXfsProtofile(
  folder: string,
  protofile: string,
  version: 'v4' | 'v5',
): Promise<void> {
  const targetMaxBytes = maxTargetBytes[version];
  const lines = ['/', '0 0', 'd--755 0 0'];
  await writeFolder(folder, lines, targetMaxBytes);
  lines.push('$', '');
  await writeFile(protofile, lines.join('\n'));
}
