/**
 * NTFS. The boot sector says where the master file table lies; its record 3, $Volume, has the label,
 * the version and the dirty flag. Layouts are those of the kernel's fs/ntfs3/ntfs.h; the checks of
 * the boot sector those of libblkid's ntfs.c.
 */

import type { Disk } from '../cached-reader.ts';
import type { Format } from '../detected.ts';
import { detected, judge } from '../detected.ts';
import { Fields } from '../fields.ts';
import { utf16Label } from '../text.ts';

const RECORD_VOLUME = 3;
const ATTRIBUTE_NAME = 0x60;
const ATTRIBUTE_INFORMATION = 0x70;
const ATTRIBUTE_END = 0xffffffff;
const VOLUME_DIRTY = 0x0001;
const FIXUP_SECTOR_BYTES = 512;
const MAX_CLUSTER_BYTES = 2 * 1024 * 1024;
const MAX_RECORD_BYTES = 64 * 1024;

interface Layout {
  readonly sectorBytes: number;
  readonly recordBytes: number;
  readonly mftOffsetBytes: number;
}

/** Large clusters are stored as a negative power of two; undefined where it is neither. */
function sectorsPerCluster(stored: number): number | undefined {
  if (stored >= 240 && stored <= 249) return 2 ** (256 - stored);
  return stored > 0 && stored <= 128 && (stored & (stored - 1)) === 0 ? stored : undefined;
}

function recordBytesOf(stored: number, clusterBytes: number): number | undefined {
  if (stored >= -31 && stored <= -9) return 2 ** -stored;
  const power = stored > 0 && stored <= 64 && (stored & (stored - 1)) === 0;
  return power ? stored * clusterBytes : undefined;
}

function layoutOf(boot: Fields): Layout | undefined {
  const sectorBytes = boot.u16(0x0b);
  const perCluster = sectorsPerCluster(boot.u8(0x0d));
  if (sectorBytes < 256 || sectorBytes > 4096 || perCluster === undefined) return undefined;
  const clusterBytes = sectorBytes * perCluster;
  // What FAT has here (reserved sectors, FATs, root entries, sizes) must be zero.
  const fatFields =
    boot.u16(0x0e) | boot.u8(0x10) | boot.u16(0x11) | boot.u16(0x13) | boot.u16(0x16);
  if (clusterBytes > MAX_CLUSTER_BYTES || fatFields !== 0 || boot.u32(0x20) !== 0) return undefined;
  const recordBytes = recordBytesOf(boot.i8(0x40), clusterBytes);
  const clusters = boot.u64(0x28) / perCluster;
  const misplaced = boot.u64(0x30) > clusters || boot.u64(0x38) > clusters;
  if (recordBytes === undefined || recordBytes > MAX_RECORD_BYTES || misplaced) return undefined;
  return { sectorBytes, recordBytes, mftOffsetBytes: boot.u64(0x30) * clusterBytes };
}

/**
 * One record of the master file table, its fixups undone: the last two bytes of every sector are kept
 * in an array at the front and replaced by a sequence number.
 */
async function readRecord(disk: Disk, layout: Layout, index: number): Promise<Fields | undefined> {
  const at = layout.mftOffsetBytes + index * layout.recordBytes;
  const raw = await disk.fields(at, layout.recordBytes);
  if (!raw?.matches(0, 'FILE')) return undefined;
  const record = raw.bytes.slice();
  const fixups = raw.u16(4);
  const count = raw.u16(6);
  for (let i = 1; i < count && i * FIXUP_SECTOR_BYTES <= record.length; i++) {
    const end = i * FIXUP_SECTOR_BYTES - 2;
    if (raw.u16(end) === raw.u16(fixups)) record.set(raw.slice(fixups + i * 2, 2), end);
  }
  return new Fields(record, true);
}

/** The values of the resident attributes of a record, by type; the first of each. */
function residentAttributes(record: Fields): Map<number, Fields> {
  const found = new Map<number, Fields>();
  let at = record.u16(20);
  while (at + 24 <= record.length && at <= record.u32(28)) {
    const type = record.u32(at);
    const length = record.u32(at + 4);
    if (type === ATTRIBUTE_END || length === 0) break;
    const valueAt = at + record.u16(at + 20);
    const valueBytes = record.u32(at + 16);
    const fits = record.u8(at + 8) === 0 && valueAt + valueBytes <= record.length;
    if (fits && !found.has(type)) {
      found.set(type, new Fields(record.slice(valueAt, valueBytes), true));
    }
    at += length;
  }
  return found;
}

export const ntfs: Format = {
  name: 'ntfs',
  usage: 'filesystem',
  async probe(disk) {
    const boot = await disk.fields(0, 512);
    if (!boot?.matches(3, 'NTFS    ')) return undefined;
    const layout = layoutOf(boot);
    if (layout === undefined || !(await readRecord(disk, layout, 0))) return undefined;
    const volume = await readRecord(disk, layout, RECORD_VOLUME);
    if (volume === undefined) return undefined;
    const attributes = residentAttributes(volume);
    const name = attributes.get(ATTRIBUTE_NAME);
    const information = attributes.get(ATTRIBUTE_INFORMATION);
    const serial = boot.big64(0x48);
    const state =
      information === undefined
        ? judge(['its volume information is missing'])
        : judge(
            [],
            [
              (information.u16(10) & VOLUME_DIRTY) !== 0 &&
                'it is marked dirty: it was not unmounted, or Windows asks for chkdsk',
            ],
          );
    return detected({
      type: 'ntfs',
      kernelTypes: ['ntfs3'],
      label: name && utf16Label(name.bytes, 'le'),
      uuid: serial === 0n ? undefined : serial.toString(16).toUpperCase().padStart(16, '0'),
      version: information && `${information.u8(8)}.${information.u8(9)}`,
      blockSizeBytes: layout.sectorBytes,
      sizeBytes: boot.u64(0x28) * layout.sectorBytes,
      ...state,
    });
  },
};
