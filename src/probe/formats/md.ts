/**
 * Members of Linux software RAID (md). Versions 0.90 and 1.0 have their superblock near the end,
 * so that a mirror's file system shows through at the start: the member must win over it. 1.1 has
 * it at the start, 1.2 at 4 KiB. Layouts: the kernel's include/uapi/linux/raid/md_p.h.
 */

import { members, type StateFound } from '../detected.ts';
import { type Format, format } from '../format.ts';
import { big64, dotted, map, text, u32, u64, uuid, type Values } from '../layout.ts';
import { coveredByPartition } from '../partition-cover.ts';
import { formatUuid } from '../text.ts';

const MD_RESERVED_BYTES: number = 64 * 1024;
const magic = '\xfc\x4e\x2b\xa9';
const magicSwapped = '\xa9\x2b\x4e\xfc';
const MD_SB_CLEAN = 1;
/** resync_offset of a member that is in sync. */
const inSync = 0xffffffffffffffffn;

const stateOf = (clean: boolean): StateFound =>
  clean
    ? { state: 'clean' }
    : { state: 'dirty', stateReason: 'the array was not stopped, or is not in sync' };

/** mdp_superblock_t, whose fields are words of 32 bits. */
const fields090 = {
  version: dotted(u32(4), u32(8), u32(12)),
  minor_version: u32(8),
  set_uuid0: u32(20),
  sizeBytes: map(u32(32), (kib) => kib * 1024),
  raid_disks: u32(40),
  set_uuid1: u32(52),
  set_uuid2: u32(56),
  set_uuid3: u32(60),
  state: u32(132),
};
type Superblock090 = Values<typeof fields090>;

/** The four words of the UUID are printed as big-endian numbers, whatever the byte order. */
function uuid090(sb: Superblock090): string | undefined {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  const rest = sb.minor_version >= 90 ? [sb.set_uuid1, sb.set_uuid2, sb.set_uuid3] : [];
  [sb.set_uuid0, ...rest].forEach((word, index) => {
    view.setUint32(index * 4, word);
  });
  return formatUuid(bytes);
}

export const md090: Format = format({
  type: 'linux_raid_member',
  usage: 'raid',
  kind: 'member',
  magics: [
    [{ fromEnd: MD_RESERVED_BYTES, unit: MD_RESERVED_BYTES }, 0, magic, 'little'],
    [{ fromEnd: MD_RESERVED_BYTES, unit: MD_RESERVED_BYTES }, 0, magicSwapped, 'big'],
  ],
  bytes: 256,
  fields: fields090,
  async sane({ sizeBytes }, { disk, baseBytes }) {
    const spanBytes = sizeBytes + MD_RESERVED_BYTES;
    if (disk.sizeBytes < spanBytes || baseBytes < sizeBytes) return false;
    // The end of the last partition is often the end of the disk; the superblock is not the disk's.
    return !(await coveredByPartition(disk, baseBytes - sizeBytes, spanBytes));
  },
  state: (sb) => stateOf((sb.state & MD_SB_CLEAN) !== 0),
  details(sb) {
    const fsUuid = uuid090(sb);
    return { uuid: fsUuid, members: members({ fsUuid, numDevices: sb.raid_disks }) };
  },
});

/** Named after their place: 1.0, 1.1 and 1.2 have the same superblock. */
function versionAt(baseBytes: number): string {
  if (baseBytes === 0) return '1.1';
  return baseBytes === 4096 ? '1.2' : '1.0';
}

/** struct mdp_superblock_1. */
const fields1 = {
  major_version: u32(4),
  uuid: uuid(16),
  label: text(32, 32),
  sizeBytes: map(u64(80), (sectors) => sectors * 512),
  raid_disks: u32(92),
  super_offset: u64(144),
  dev_number: u32(160),
  device_uuid: uuid(168),
  resync_offset: big64(208),
};

export const md1: Format = format({
  type: 'linux_raid_member',
  usage: 'raid',
  kind: 'member',
  magics: [
    [{ fromEnd: 8192, unit: 4096 }, 0, magic],
    [0, 0, magic],
    [4096, 0, magic],
  ],
  copies: true,
  bytes: 256,
  fields: fields1,
  sane: (sb, { baseBytes }) => sb.major_version === 1 && sb.super_offset === baseBytes / 512,
  state: (sb) => stateOf(sb.resync_offset === inSync),
  details: (sb, { baseBytes }) => ({
    version: versionAt(baseBytes),
    members: members({
      fsUuid: sb.uuid,
      deviceUuid: sb.device_uuid,
      devid: sb.dev_number,
      numDevices: sb.raid_disks,
    }),
  }),
});
