/**
 * exFAT. Offsets are those of Microsoft's «exFAT file system specification», section 3.1 (the same as
 * struct boot_sector in the kernel's fs/exfat/exfat_raw.h).
 */

import type { Disk } from '../cached-reader.ts';
import type { Format } from '../detected.ts';
import { BAD_CHECKSUM, detected, judge, NOT_UNMOUNTED } from '../detected.ts';
import type { Fields } from '../fields.ts';
import { formatSerial, utf16Label } from '../text.ts';

const ENTRY_BYTES = 32;
const ENTRY_LABEL = 0x83;
const FIRST_CLUSTER = 2;
const LAST_CLUSTER = 0x0ffffff6;
/** As many entries of the root directory as libblkid looks through. */
const MAX_ENTRIES = 10_000;
const VOLUME_DIRTY = 2;
const MEDIA_FAILURE = 4;

interface Layout {
  readonly sectorBytes: number;
  readonly clusterBytes: number;
}

function layoutOf(boot: Fields): Layout | undefined {
  const sectorLog = boot.u8(108);
  const clusterLog = boot.u8(109);
  // Specification 3.1.14 and 3.1.15: sectors of 512 to 4096 bytes, clusters of at most 32 MiB.
  if (sectorLog < 9 || sectorLog > 12 || sectorLog + clusterLog > 25) return undefined;
  return { sectorBytes: 2 ** sectorLog, clusterBytes: 2 ** (sectorLog + clusterLog) };
}

function clusterAt(boot: Fields, layout: Layout, cluster: number): number {
  return boot.u32(88) * layout.sectorBytes + (cluster - FIRST_CLUSTER) * layout.clusterBytes;
}

async function labelOf(disk: Disk, boot: Fields, layout: Layout): Promise<string | undefined> {
  let cluster = boot.u32(96);
  let within = 0;
  for (let i = 0; i < MAX_ENTRIES; i++) {
    if (cluster < FIRST_CLUSTER || cluster > LAST_CLUSTER) return undefined;
    const entry = await disk.fields(clusterAt(boot, layout, cluster) + within, ENTRY_BYTES);
    if (entry === undefined || entry.u8(0) === 0) return undefined;
    if (entry.u8(0) === ENTRY_LABEL) {
      return utf16Label(entry.slice(2, Math.min(entry.u8(1) * 2, 22)), 'le');
    }
    within += ENTRY_BYTES;
    if (within === layout.clusterBytes) {
      const next = await disk.fields(boot.u32(80) * layout.sectorBytes + cluster * 4, 4);
      cluster = next?.u32(0) ?? 0;
      within = 0;
    }
  }
  return undefined;
}

/** Section 3.4: over the first eleven sectors, but for the flags and the fill level. */
async function checksumWrong(disk: Disk, sectorBytes: number): Promise<boolean> {
  const region = await disk.fields(0, 12 * sectorBytes);
  if (region === undefined) return true;
  let sum = 0;
  for (let i = 0; i < 11 * sectorBytes; i++) {
    if (i === 106 || i === 107 || i === 112) continue;
    sum = (((sum << 31) | (sum >>> 1)) + region.u8(i)) >>> 0;
  }
  return sum !== region.u32(11 * sectorBytes);
}

export const exfat: Format = {
  name: 'exfat',
  usage: 'filesystem',
  async probe(disk) {
    const boot = await disk.fields(0, 512);
    if (!boot?.matches(3, 'EXFAT   ')) return undefined;
    const layout = layoutOf(boot);
    if (layout === undefined) return undefined;
    const flags = boot.u16(106);
    const percent = boot.u8(112);
    return detected({
      type: 'exfat',
      kernelTypes: ['exfat'],
      label: await labelOf(disk, boot, layout),
      uuid: formatSerial(boot.u32(100)),
      version: `${boot.u8(105)}.${boot.u8(104)}`,
      blockSizeBytes: layout.sectorBytes,
      sizeBytes: boot.u64(72) * layout.sectorBytes,
      // Rounded down to whole per cent by the format itself.
      usedBytes:
        percent <= 100
          ? Math.floor((boot.u32(92) * layout.clusterBytes * percent) / 100)
          : undefined,
      ...judge(
        [
          (await checksumWrong(disk, layout.sectorBytes)) && BAD_CHECKSUM,
          (flags & MEDIA_FAILURE) !== 0 && 'an I/O error was recorded on it',
        ],
        [(flags & VOLUME_DIRTY) !== 0 && NOT_UNMOUNTED],
      ),
    });
  },
};
