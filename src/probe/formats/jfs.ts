/**
 * JFS. Offsets are those of struct jfs_superblock in the kernel's fs/jfs/jfs_superblock.h. Linux does
 * not replay the journal of JFS when it mounts: fsck.jfs has to, and until then it mounts read-only.
 */

import type { Format } from '../detected.ts';
import { detected, judge } from '../detected.ts';
import { byteLabel } from '../text.ts';

const SUPERBLOCK_AT = 32 * 1024;
const MOUNTED = 1;
const DIRTY = 2;
const LOGREDO = 4;
const EXTENDFS = 8;

export const jfs: Format = {
  name: 'jfs',
  usage: 'filesystem',
  minBytes: 16 * 1024 * 1024,
  async probe(disk) {
    const sb = await disk.fields(SUPERBLOCK_AT, 512);
    if (!sb?.matches(0, 'JFS1')) return undefined;
    const blockBytes = sb.u32(16);
    const physicalBytes = sb.u32(24);
    const sane =
      blockBytes === 2 ** sb.u16(20) &&
      physicalBytes === 2 ** sb.u16(28) &&
      sb.u16(20) - sb.u16(28) === sb.u16(22);
    if (!sane) return undefined;
    const state = sb.u32(40);
    return detected({
      type: 'jfs',
      kernelTypes: ['jfs'],
      label: byteLabel(sb.slice(152, 16)),
      uuid: sb.uuid(136),
      version: `${sb.u32(4)}`,
      blockSizeBytes: blockBytes,
      sizeBytes: sb.u64(8) * physicalBytes,
      ...judge(
        [
          (state & DIRTY) !== 0 && 'fsck.jfs found errors that it did not repair',
          (state & LOGREDO) !== 0 && 'replaying its journal failed',
        ],
        [
          (state & MOUNTED) !== 0 &&
            'the file system was not unmounted, and fsck.jfs has to replay its journal',
          (state & EXTENDFS) !== 0 && 'growing it was interrupted',
        ],
      ),
    });
  },
};
