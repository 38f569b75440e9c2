/**
 * Members of Linux software RAID (md). Versions 0.90 and 1.0 have their superblock near the end, so
 * that a mirror's file system shows through at the start: the member must win over it. 1.1 has it at
 * the start, 1.2 at 4 KiB. Layouts: the kernel's include/uapi/linux/raid/md_p.h.
 */

import type { Disk } from '../cached-reader.ts';
import type { Detected, Format } from '../detected.ts';
import { detected, members } from '../detected.ts';
import type { Fields } from '../fields.ts';
import { coveredByPartition } from '../partition-cover.ts';
import { byteLabel, formatUuid } from '../text.ts';

const MAGIC = 0xa92b4efc;
const RESERVED_BYTES = 64 * 1024;
const STATE_CLEAN = 1;
const IN_SYNC = 0xffffffffffffffffn;
const NOT_STOPPED = 'the array was not stopped, or is not in sync';

/** The four words of the UUID are printed as big-endian numbers, whatever the byte order. */
function uuid090(sb: Fields): string | undefined {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, sb.u32(20));
  if (sb.u32(8) >= 90) {
    for (let i = 0; i < 3; i++) view.setUint32(4 + i * 4, sb.u32(52 + i * 4));
  }
  return formatUuid(bytes);
}

async function probe090(disk: Disk): Promise<Detected | undefined> {
  if (disk.sizeBytes <= RESERVED_BYTES) return undefined;
  const at = (Math.floor(disk.sizeBytes / RESERVED_BYTES) - 1) * RESERVED_BYTES;
  const little = await disk.fields(at, 256);
  const sb = little?.u32(0) === MAGIC ? little : little?.big;
  if (sb?.u32(0) !== MAGIC) return undefined;
  const sizeBytes = sb.u32(32) * 1024;
  if (disk.sizeBytes < sizeBytes + RESERVED_BYTES || at < sizeBytes) return undefined;
  // At the end of the last partition it is also at the end of the disk, but not the disk's own.
  const spanBytes = sizeBytes + RESERVED_BYTES;
  if (await coveredByPartition(disk, at - sizeBytes, spanBytes)) return undefined;
  const clean = (sb.u32(132) & STATE_CLEAN) !== 0;
  const uuid = uuid090(sb);
  return detected({
    type: 'linux_raid_member',
    kind: 'member',
    uuid,
    version: `${sb.u32(4)}.${sb.u32(8)}.${sb.u32(12)}`,
    sizeBytes,
    members: members({ fsUuid: uuid, numDevices: sb.u32(40) }),
    state: clean ? 'clean' : 'dirty',
    stateReason: clean ? undefined : NOT_STOPPED,
  });
}

async function probe1(disk: Disk, at: number, version: string): Promise<Detected | undefined> {
  const sb = await disk.fields(at, 256);
  if (sb?.u32(0) !== MAGIC || sb.u32(4) !== 1 || sb.u64(144) !== at / 512) return undefined;
  const clean = sb.big64(208) === IN_SYNC;
  const uuid = sb.uuid(16);
  return detected({
    type: 'linux_raid_member',
    kind: 'member',
    label: byteLabel(sb.slice(32, 32)),
    uuid,
    version,
    sizeBytes: sb.u64(80) * 512,
    members: members({
      fsUuid: uuid,
      deviceUuid: sb.uuid(168),
      devid: sb.u32(160),
      numDevices: sb.u32(92),
    }),
    state: clean ? 'clean' : 'dirty',
    stateReason: clean ? undefined : NOT_STOPPED,
  });
}

export const md: Format = {
  name: 'linux_raid_member',
  usage: 'raid',
  async probe(disk) {
    const end = Math.floor(disk.sizeBytes / 4096) * 4096 - 8192;
    return (
      (await probe090(disk)) ??
      (disk.sizeBytes > RESERVED_BYTES ? await probe1(disk, end, '1.0') : undefined) ??
      (await probe1(disk, 0, '1.1')) ??
      (await probe1(disk, 4096, '1.2'))
    );
  },
};
