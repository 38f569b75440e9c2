/**
 * Files that the host has forgotten, or that it knows from a mount before this one: their nodeids
 * are lasting numbers (handle-numbers.ts), of which their handles can be made.
 */
import { abi, errno } from '../vfs-linux/abi.gen.ts';
import { answerEntry, findOpen } from './entry.ts';
import { firstPassing, handleOf, xfsFormat } from './handle-numbers.ts';
import type { Node } from './nodes.ts';
import { rootId } from './protocol.ts';
import type { Request } from './request.ts';
import type { Session } from './session.ts';

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

/** Answers a LOOKUP of "." whose node is not known; ESTALE where there is no such file any more. */
export function revive(session: Session, request: Request): void {
  const { nodes, calls } = session;
  const { nodeId } = request;
  const { format } = nodes;
  if (!session.features.handles || format === undefined || nodeId >= firstPassing) {
    session.fail(request, -errno.ESTALE);
    return;
  }
  const open = (generation: number): void => {
    const handle = handleOf(format, nodeId, generation);
    const write = (address: number): void => calls.memory.i32.set(handle, address >>> 2);
    calls.openByHandle(write, abi.O_PATH | abi.O_NOFOLLOW, (fd) => {
      if (fd >= 0) answerOpened(session, request, fd);
      else session.fail(request, -errno.ESTALE);
    });
  };
  if (format === xfsFormat) findGeneration(session, request, open);
  else open(0);
}

function answerOpened(session: Session, request: Request, fd: number): void {
  findOpen(session, request, fd, (node, at) => {
    session.descriptors.keep(node, fd, false);
    if (node.id === request.nodeId) {
      answerEntry(session, request, node, at);
    } else {
      session.fail(request, -errno.ESTALE);
      session.settle(node);
    }
  });
}

/** XFS's inode numbers are opened with the right generation only, which XFS tells. */
function findGeneration(
  session: Session,
  request: Request,
  then: (generation: number) => void,
): void {
  const { calls, nodes, descriptors } = session;
  const root = nodes.get(rootId) as Node;
  const asked = new Uint8Array(bulkstat.bytes);
  const view = new DataView(asked.buffer);
  view.setBigUint64(bulkstat.firstIno, BigInt(request.nodeId), true);
  view.setUint32(bulkstat.wanted, 1, true);
  descriptors.useReadable(root, (fd) => {
    calls.ioctl(fd, bulkstat.command, asked, (ret, slot) => {
      const at = calls.first(slot);
      const word = (field: number): number => calls.memory.u32[(at + field) >>> 2] as number;
      const ino = word(bulkstat.ino) + word(bulkstat.ino + 4) * 4294967296;
      const isThere = ret >= 0 && word(bulkstat.given) === 1 && ino === request.nodeId;
      if (isThere) then(word(bulkstat.generation));
      else session.fail(request, -errno.ESTALE);
    });
  });
}
