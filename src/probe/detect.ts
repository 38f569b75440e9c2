/**
 * Tells what lies on a disk or a partition, from its bytes alone: the role that libblkid plays on
 * Linux, with how the file system was left in addition.
 *
 * The order of the formats, and what wins over what, is libblkid's (superblocks.c): RAID members and
 * containers first, and nothing is looked for inside of them, since a mirror's file system shows
 * through. Several file systems on one disk are fine where the formats allow it (UDF with ISO 9660);
 * otherwise one is a leftover: the first is answered and the others are named in alsoFound.
 *
 * Invariants: nothing is written; damaged or hostile bytes cause no exception, no endless loop and no
 * read beyond a few MiB; a region that cannot be read counts as not being there.
 */

import { Disk } from './cached-reader.ts';
import type { ByteReader, Detected, Format } from './detected.ts';
import { bcache, bcachefs } from './formats/bcachefs.ts';
import { bitlocker } from './formats/bitlocker.ts';
import { btrfs } from './formats/btrfs.ts';
import { cramfs } from './formats/cramfs.ts';
import { erofs } from './formats/erofs.ts';
import { exfat } from './formats/exfat.ts';
import { ext } from './formats/ext.ts';
import { f2fs } from './formats/f2fs.ts';
import { fat } from './formats/fat.ts';
import { hfs, hfsplus } from './formats/hfs.ts';
import { iso9660 } from './formats/iso9660.ts';
import { jfs } from './formats/jfs.ts';
import { luks } from './formats/luks.ts';
import { lvm1, lvm2 } from './formats/lvm.ts';
import { md } from './formats/md.ts';
import { minix } from './formats/minix.ts';
import { nilfs2 } from './formats/nilfs2.ts';
import { ntfs } from './formats/ntfs.ts';
import {
  applianceRows,
  containerRows,
  drbd,
  earlyRows,
  hpfs,
  lastRows,
  lateRows,
  mapperRows,
  middleRows,
} from './formats/other.ts';
import { romfs } from './formats/romfs.ts';
import { squashfs, squashfs3 } from './formats/squashfs.ts';
import { stratis } from './formats/stratis.ts';
import { swap, swsuspend } from './formats/swap.ts';
import { udf } from './formats/udf.ts';
import { ufs } from './formats/ufs.ts';
import { ddf, highpoint37x, vendorRaids } from './formats/vendor-raid.ts';
import { xfs, xfsLog } from './formats/xfs.ts';
import { zfs } from './formats/zfs.ts';

export type {
  ByteReader,
  Detected,
  Members,
  VolumeKind,
  VolumeState,
} from './detected.ts';

/** Nothing that small holds anything. */
const MIN_BYTES = 1024;
/** Up to the size of a floppy libblkid looks for no RAID and takes the first match. */
const TINY_BYTES: number = 1440 * 1024;

const FORMATS: readonly Format[] = [
  md,
  ddf,
  ...vendorRaids,
  highpoint37x,
  bcache,
  ...containerRows,
  drbd,
  lvm2,
  lvm1,
  ...mapperRows,
  luks,
  ...applianceRows,
  stratis,
  bitlocker,
  fat,
  swsuspend,
  swap,
  xfs,
  xfsLog,
  ext,
  ...earlyRows,
  jfs,
  udf,
  iso9660,
  zfs,
  hfsplus,
  hfs,
  ufs,
  hpfs,
  ntfs,
  cramfs,
  romfs,
  minix,
  ...middleRows,
  squashfs,
  squashfs3,
  btrfs,
  ...lateRows,
  nilfs2,
  exfat,
  f2fs,
  ...lastRows,
  bcachefs,
  erofs,
];

interface Finding {
  readonly format: Format;
  readonly volume: Detected;
}

/** One answer from all findings, which are in libblkid's order. */
function combine(findings: readonly Finding[]): Detected | undefined {
  const [first, ...rest] = findings;
  if (first === undefined || rest.length === 0) return first?.volume;
  const together = findings.every(({ format }) => format.tolerant === true);
  if (!together) return { ...first.volume, alsoFound: rest.map(({ volume }) => volume.type) };
  const kernelTypes = findings.flatMap(({ volume }) => volume.kernelTypes);
  return { ...first.volume, kernelTypes };
}

/** What the disk holds; undefined where nothing is recognised. */
export async function detect(reader: ByteReader): Promise<Detected | undefined> {
  const disk = new Disk(reader);
  if (disk.sizeBytes <= MIN_BYTES) return undefined;
  const tiny = disk.sizeBytes <= TINY_BYTES;
  const findings: Finding[] = [];
  for (const format of FORMATS) {
    if (disk.sizeBytes < (format.minBytes ?? 0)) continue;
    if (tiny && format.usage === 'raid') continue;
    const volume = await format.probe(disk);
    if (volume === undefined) continue;
    if (tiny && format.tolerant !== true) return findings.length === 0 ? volume : combine(findings);
    findings.push({ format, volume });
    if (format.usage === 'raid' || format.usage === 'crypto') break;
  }
  return combine(findings);
}
