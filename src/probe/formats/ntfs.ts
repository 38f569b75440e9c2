/**
 * NTFS. The boot sector says where the master file table lies; its record 3, $Volume, has the
 * label, the version and the dirty flag. Layouts are those of the kernel's fs/ntfs3/ntfs.h; the
 * checks of the boot sector are those of libblkid's ntfs.c.
 */

import type { CachedReader } from '../cached-reader.ts';
import { judge, type StateFound } from '../detected.ts';
import { Fields } from '../fields.ts';
import { type Format, format } from '../format.ts';
import { big64, i8, readFields, u8, u16, u32, u64, type Values } from '../layout.ts';
import { utf16Label } from '../text.ts';

const MFT_REC_VOL = 3;
const ATTR_LABEL = 0x60;
const ATTR_VOL_INFO = 0x70;
const ATTR_END = 0xffffffff;
const VOLUME_FLAG_DIRTY = 0x0001;
/** SECTOR_SIZE of the fixups, whatever the disk's sectors are. */
const fixupSectorBytes = 512;
const maxClusterBytes: number = 2 * 1024 * 1024;
const maxRecordBytes: number = 64 * 1024;

/** struct NTFS_BOOT, and what FAT has in the same places. */
const fields = {
  bytes_per_sector: u16(0x0b),
  sectors_per_clusters: u8(0x0d),
  fat_reserved: u16(0x0e),
  fat_fats: u8(0x10),
  fat_dir_entries: u16(0x11),
  fat_sectors: u16(0x13),
  fat_length: u16(0x16),
  fat_total_sect: u32(0x20),
  sectors_per_volume: u64(0x28),
  mft_clst: u64(0x30),
  mft2_clst: u64(0x38),
  record_size: i8(0x40),
  serial_num: big64(0x48),
};
type BootSector = Values<typeof fields>;

interface Geometry {
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

/** undefined: the boot sector does not make sense. */
function geometryOf(boot: BootSector): Geometry | undefined {
  const sectorBytes = boot.bytes_per_sector;
  const perCluster = sectorsPerCluster(boot.sectors_per_clusters);
  if (sectorBytes < 256 || sectorBytes > 4096 || perCluster === undefined) return undefined;
  const clusterBytes = sectorBytes * perCluster;
  const looksLikeFat =
    boot.fat_reserved !== 0 ||
    boot.fat_fats !== 0 ||
    boot.fat_dir_entries !== 0 ||
    boot.fat_sectors !== 0 ||
    boot.fat_length !== 0 ||
    boot.fat_total_sect !== 0;
  if (clusterBytes > maxClusterBytes || looksLikeFat) return undefined;
  const recordBytes = recordBytesOf(boot.record_size, clusterBytes);
  const clusters = boot.sectors_per_volume / perCluster;
  const misplaced = boot.mft_clst > clusters || boot.mft2_clst > clusters;
  if (recordBytes === undefined || recordBytes > maxRecordBytes || misplaced) return undefined;
  return { recordBytes, mftOffsetBytes: boot.mft_clst * clusterBytes };
}

/** struct MFT_REC. */
const recordFields = { fix_off: u16(4), fix_num: u16(6), attr_off: u16(20), used: u32(28) };

/**
 * One record of the master file table, its fixups undone: the last two bytes of every sector are
 * kept in an array at the front and replaced by a sequence number.
 */
async function readRecord(
  disk: CachedReader,
  geometry: Geometry,
  index: number,
): Promise<Fields | undefined> {
  const at = geometry.mftOffsetBytes + index * geometry.recordBytes;
  const raw = await disk.fields(at, geometry.recordBytes);
  if (!raw?.matches(0, 'FILE')) return undefined;
  const record = raw.bytes.slice();
  const { fix_off, fix_num } = readFields(recordFields, raw);
  for (let i = 1; i < fix_num && i * fixupSectorBytes <= record.length; i++) {
    const end = i * fixupSectorBytes - 2;
    if (raw.u16(end) === raw.u16(fix_off)) record.set(raw.slice(fix_off + i * 2, 2), end);
  }
  return new Fields(record, true);
}

/** struct ATTRIB of a resident attribute. */
const attributeFields = {
  type: u32(0),
  size: u32(4),
  non_res: u8(8),
  res_data_size: u32(16),
  res_data_off: u16(20),
};

/** The values of the resident attributes of a record, by type; the first of each. */
function residentAttributes(record: Fields): Map<number, Fields> {
  const found = new Map<number, Fields>();
  const { attr_off, used } = readFields(recordFields, record);
  let at = attr_off;
  while (at + 24 <= record.length && at <= used) {
    const attribute = readFields(attributeFields, record.from(at));
    if (attribute.type === ATTR_END || attribute.size === 0) break;
    const valueAt = at + attribute.res_data_off;
    const valueBytes = attribute.res_data_size;
    const fits = attribute.non_res === 0 && valueAt + valueBytes <= record.length;
    if (fits && !found.has(attribute.type)) {
      found.set(attribute.type, new Fields(record.slice(valueAt, valueBytes), true));
    }
    at += attribute.size;
  }
  return found;
}

/** struct VOLUME_INFO. */
const informationFields = { major_ver: u8(8), minor_ver: u8(9), flags: u16(10) };
type Information = Values<typeof informationFields>;

function stateOf(information: Information | undefined): StateFound {
  if (information === undefined) return judge(['its volume information is missing']);
  const dirty = (information.flags & VOLUME_FLAG_DIRTY) !== 0;
  const reason = 'it is marked dirty: it was not unmounted, or Windows asks for chkdsk';
  return judge([], [dirty && reason]);
}

export const ntfs: Format = format({
  type: 'ntfs',
  kernelTypes: ['ntfs3'],
  magics: [[0, 3, 'NTFS    ']],
  bytes: 512,
  fields,
  async details(boot, { disk }) {
    const geometry = geometryOf(boot);
    if (geometry === undefined || !(await readRecord(disk, geometry, 0))) return undefined;
    const volume = await readRecord(disk, geometry, MFT_REC_VOL);
    if (volume === undefined) return undefined;
    const attributes = residentAttributes(volume);
    const name = attributes.get(ATTR_LABEL);
    const stored = attributes.get(ATTR_VOL_INFO);
    const information = stored && readFields(informationFields, stored);
    const serial = boot.serial_num;
    return {
      label: name && utf16Label(name.bytes, 'le'),
      uuid: serial === 0n ? undefined : serial.toString(16).toUpperCase().padStart(16, '0'),
      version: information && `${information.major_ver}.${information.minor_ver}`,
      blockSizeBytes: boot.bytes_per_sector,
      sizeBytes: boot.sectors_per_volume * boot.bytes_per_sector,
      ...stateOf(information),
    };
  },
});
