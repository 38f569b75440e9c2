/**
 * Whether a region of a whole disk belongs to one of its partitions. Some superblocks lie at the end
 * of what they describe, and the end of the last partition is often the end of the disk: the disk must
 * not be taken for what the partition is. Reads the four primary entries of an MBR, or a GPT of up to
 * 128 entries; it answers no other question about partitions, which are the kernel's business.
 */

import type { Disk } from './cached-reader.ts';

const SECTOR_BYTES = 512;
const GPT_SECTOR_SIZES: readonly number[] = [512, 4096];
const MAX_GPT_ENTRIES = 128;
const TYPE_PROTECTIVE = 0xee;

interface Extent {
  readonly startBytes: number;
  readonly endBytes: number;
}

async function mbrPartitions(disk: Disk): Promise<readonly Extent[]> {
  const sector = await disk.fields(0, SECTOR_BYTES);
  if (!sector?.matches(510, '\x55\xaa')) return [];
  const found: Extent[] = [];
  for (let at = 446; at < 510; at += 16) {
    const boot = sector.u8(at);
    // Anything else than 0 or 0x80 here is boot code, not a partition table.
    if (boot !== 0 && boot !== 0x80) return [];
    const type = sector.u8(at + 4);
    const startBytes = sector.u32(at + 8) * SECTOR_BYTES;
    const sizeBytes = sector.u32(at + 12) * SECTOR_BYTES;
    if (type === TYPE_PROTECTIVE) return [];
    if (type !== 0 && sizeBytes > 0) found.push({ startBytes, endBytes: startBytes + sizeBytes });
  }
  return found;
}

async function gptPartitions(disk: Disk): Promise<readonly Extent[]> {
  for (const sectorBytes of GPT_SECTOR_SIZES) {
    const header = await disk.fields(sectorBytes, 92);
    if (!header?.matches(0, 'EFI PART')) continue;
    const entryBytes = header.u32(84);
    const count = Math.min(header.u32(80), MAX_GPT_ENTRIES);
    if (entryBytes < 128 || entryBytes > 4096 || count === 0) return [];
    const table = await disk.fields(header.u64(72) * sectorBytes, count * entryBytes);
    if (table === undefined) return [];
    return Array.from({ length: count }, (_, index) => index * entryBytes)
      .filter((at) => table.uuid(at) !== undefined)
      .map((at) => ({
        startBytes: table.u64(at + 32) * sectorBytes,
        endBytes: (table.u64(at + 40) + 1) * sectorBytes,
      }));
  }
  return [];
}

/** Whether one partition contains the whole region. A table that exceeds the disk counts for none. */
export async function coveredByPartition(
  disk: Disk,
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
