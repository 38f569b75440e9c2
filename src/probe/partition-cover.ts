/**
 * Whether a region of a whole disk belongs to one of its partitions. Some superblocks lie at the
 * end of what they describe, and the end of the last partition is often the end of the disk: the
 * disk must not be taken for what the partition is. Reads the four primary entries of an MBR, or a
 * GPT of up to 128 entries. All other questions about partitions are the kernel's to answer.
 */

import type { CachedReader } from './cached-reader.ts';

const sectorBytes = 512;
const gptSectorSizes: readonly number[] = [512, 4096];
const maxGptEntries = 128;
const EFI_PMBR_OSTYPE_EFI_GPT = 0xee;

interface Extent {
  readonly startBytes: number;
  readonly endBytes: number;
}

async function mbrPartitions(disk: CachedReader): Promise<readonly Extent[]> {
  const sector = await disk.fields(0, sectorBytes);
  if (!sector?.matches(510, '\x55\xaa')) return [];
  const found: Extent[] = [];
  for (let at = 446; at < 510; at += 16) {
    const boot = sector.u8(at);
    // Anything but 0 or 0x80 here is boot code, not a partition table.
    if (boot !== 0 && boot !== 0x80) return [];
    const type = sector.u8(at + 4);
    const startBytes = sector.u32(at + 8) * sectorBytes;
    const sizeBytes = sector.u32(at + 12) * sectorBytes;
    if (type === EFI_PMBR_OSTYPE_EFI_GPT) return [];
    if (type !== 0 && sizeBytes > 0) found.push({ startBytes, endBytes: startBytes + sizeBytes });
  }
  return found;
}

async function gptPartitions(disk: CachedReader): Promise<readonly Extent[]> {
  for (const gptSectorBytes of gptSectorSizes) {
    const header = await disk.fields(gptSectorBytes, 92);
    if (!header?.matches(0, 'EFI PART')) continue;
    const entryBytes = header.u32(84);
    const count = Math.min(header.u32(80), maxGptEntries);
    if (entryBytes < 128 || entryBytes > 4096 || count === 0) return [];
    const table = await disk.fields(header.u64(72) * gptSectorBytes, count * entryBytes);
    if (table === undefined) return [];
    return Array.from({ length: count }, (_, index) => index * entryBytes)
      .filter((at) => table.uuid(at) !== undefined)
      .map((at) => ({
        startBytes: table.u64(at + 32) * gptSectorBytes,
        endBytes: (table.u64(at + 40) + 1) * gptSectorBytes,
      }));
  }
  return [];
}

/**
 * Whether one partition contains the whole region. A table that exceeds the disk counts for none.
 */
export async function coveredByPartition(
  disk: CachedReader,
  offsetBytes: number,
  lengthBytes: number,
): Promise<boolean> {
  const gpt = await gptPartitions(disk);
  const partitions = gpt.length > 0 ? gpt : await mbrPartitions(disk);
  if (partitions.some((partition) => partition.endBytes > disk.sizeBytes)) return false;
  return partitions.some(
    (partition) =>
      offsetBytes >= partition.startBytes && offsetBytes + lengthBytes <= partition.endBytes,
  );
}
