/**
 * Files that the host has forgotten, or that it knows from an earlier mount. Their nodeids are
 * lasting numbers (handle-numbers.ts), from which their handles can be made.
 */
import { join64 } from '../int64.ts';
import { abi, errno } from '../vfs-linux/abi.gen.ts';
import * as encode from '../vfs-linux/calls/encode.ts';
import type { Slot } from '../vfs-linux/slot.ts';
import { answerEntry, findOpen } from './entry.ts';
import { firstPassing, handleOf, xfsFormat } from './handle-numbers.ts';
import type { Node } from './nodes.ts';
import { rootId } from './protocol.ts';
import type { FuseRequest } from './request.ts';

/** struct xfs_bulkstat_req with room for one struct xfs_bulkstat (fs/xfs/libxfs/xfs_fs.h). */
const bulkstat = {
  command: 0x8040587f,
  bytes: 64 + 192,
  firstIno: 0,
  wanted: 12,
  given: 16,
  ino: 64,
  generation: 64 + 64,
} as const;

/** Answers a LOOKUP of "." whose node is not known; with ESTALE where there is no such file. */
export function revive(request: FuseRequest): void {
  const { nodeId, session } = request;
  const { nodes, calls, features } = session;
  const { format } = nodes;
  if (!features.handles || format === undefined || nodeId >= firstPassing) {
    request.fail(-errno.ESTALE);
    return;
  }
  const open = (generation: number): void => {
    const handle = handleOf(format, nodeId, generation);
    const write = (address: number): void => calls.memory.i32.set(handle, address >>> 2);
    calls.openByHandle(write, abi.O_PATH | abi.O_NOFOLLOW, (fd) => {
      if (fd >= 0) answerOpened(request, fd);
      else request.fail(-errno.ESTALE);
    });
  };
  if (format === xfsFormat) findGeneration(request, open);
  else open(0);
}

function answerOpened(request: FuseRequest, fd: number): void {
  const { session } = request;
  findOpen(request, fd, (node, statxWord) => {
    session.descriptors.keep(node, fd, false);
    if (node.id === request.nodeId) {
      answerEntry(request, node, statxWord);
    } else {
      request.fail(-errno.ESTALE);
      session.releaseIfUnused(node);
    }
  });
}

/** XFS opens an inode's number only with the right generation, which an ioctl of XFS tells. */
function findGeneration(request: FuseRequest, then: (generation: number) => void): void {
  const { calls, nodes, descriptors } = request.session;
  const root = nodes.get(rootId) as Node;
  const asked = new Uint8Array(bulkstat.bytes);
  const view = new DataView(asked.buffer);
  view.setBigUint64(bulkstat.firstIno, BigInt(request.nodeId), true);
  view.setUint32(bulkstat.wanted, 1, true);
  descriptors.useReadable(root, (fd) => {
    const fill = (slot: Slot): void => encode.ioctl(slot, fd, bulkstat.command, asked);
    calls.run(fill, (ret, { first, memory }) => {
      const word = (field: number): number => memory.u32[(first + field) >>> 2] as number;
      const ino = join64(word(bulkstat.ino), word(bulkstat.ino + 4));
      const isThere = ret >= 0 && word(bulkstat.given) === 1 && ino === request.nodeId;
      if (isThere) then(word(bulkstat.generation));
      else request.fail(-errno.ESTALE);
    });
  });
}
