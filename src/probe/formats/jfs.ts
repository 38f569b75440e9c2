/**
 * JFS. Offsets are those of struct jfs_superblock in the kernel's fs/jfs/jfs_superblock.h. Linux
 * does not replay the journal of JFS when it mounts: fsck.jfs has to, and until then it mounts
 * read-only.
 */

import { judge } from '../detected.ts';
import { type Format, format } from '../format.ts';
import { dotted, text, u16, u32, u64, uuid } from '../layout.ts';

const FM_MOUNT = 1;
const FM_DIRTY = 2;
const FM_LOGREDO = 4;
const FM_EXTENDFS = 8;

export const jfs: Format = format({
  type: 'jfs',
  kernelTypes: ['jfs'],
  minBytes: 16 * 1024 * 1024,
  magics: [[32 * 1024, 0, 'JFS1']],
  bytes: 512,
  fields: {
    version: dotted(u32(4)),
    s_size: u64(8),
    blockSizeBytes: u32(16),
    s_l2bsize: u16(20),
    s_l2bfactor: u16(22),
    s_pbsize: u32(24),
    s_l2pbsize: u16(28),
    s_state: u32(40),
    uuid: uuid(136),
    label: text(152, 16),
  },
  sane: (sb) =>
    sb.blockSizeBytes === 2 ** sb.s_l2bsize &&
    sb.s_pbsize === 2 ** sb.s_l2pbsize &&
    sb.s_l2bsize - sb.s_l2pbsize === sb.s_l2bfactor,
  state: ({ s_state }) =>
    judge(
      [
        (s_state & FM_DIRTY) !== 0 && 'fsck.jfs found errors that it did not repair',
        (s_state & FM_LOGREDO) !== 0 && 'replaying its journal failed',
      ],
      [
        (s_state & FM_MOUNT) !== 0 &&
          'the file system was not unmounted, and fsck.jfs has to replay its journal',
        (s_state & FM_EXTENDFS) !== 0 && 'growing it was interrupted',
      ],
    ),
  details: (sb) => ({ sizeBytes: sb.s_size * sb.s_pbsize }),
});
