/**
 * Operations that take names away: UNLINK, RMDIR, RENAME, RENAME2.
 *
 * A file that loses its last name lives on while it is in use, and the host does not say whether it
 * is. So a node that the host knows keeps a descriptor from then on. The host forgets the node soon
 * after where it is not in use, and then the file is gone for good.
 */
import { abi, errno } from '../../vfs-linux/abi.gen.ts';
import * as encode from '../../vfs-linux/calls/encode.ts';
import { handleAddressOf } from '../../vfs-linux/calls/slot-calls.ts';
import type { Done } from '../../vfs-linux/slot.ts';
import type { FuseRequest } from '../request.ts';

/** The end of a call that returns a descriptor of the file that lost its last name; 0: none did. */
function answerHeld(request: FuseRequest): Done {
  const { calls, nodes, descriptors, features } = request.session;
  return (fd, slot) => {
    if (fd > 0) {
      // Without handles the node has its descriptor already.
      const node = features.handles ? nodes.find(calls.memory, handleAddressOf(slot)) : undefined;
      if (node === undefined) {
        calls.close(fd);
      } else {
        descriptors.keep(node, fd, false);
        descriptors.pin(node);
        node.nameless = true;
      }
    }
    request.answerResult(fd);
  };
}

function remove(request: FuseRequest, atFlags: number): void {
  request.withFdAndName(0, (fd, name) => {
    const { calls } = request.session;
    calls.run((slot) => encode.unlinkatHeld(slot, fd, name, atFlags), answerHeld(request));
  });
}

export function unlink(request: FuseRequest): void {
  remove(request, 0);
}

export function rmdir(request: FuseRequest): void {
  remove(request, abi.AT_REMOVEDIR);
}

/**
 * Moves from the request's directory, and the name at `offset`, to the directory at the body's
 * start and the name behind the first.
 */
function move(request: FuseRequest, offset: number, renameFlags: number): void {
  request.withFdAndName(offset, (fromFd, from) => {
    const to = request.nameAfter(from);
    if (to === undefined) {
      request.fail(-errno.EINVAL);
      return;
    }
    request.withFdOf(request.wide(0), (toFd) => {
      const { calls } = request.session;
      const source = { dirfd: fromFd, name: from };
      const target = { dirfd: toFd, name: to };
      calls.run(
        (slot) => encode.renameat2Held(slot, source, target, renameFlags),
        answerHeld(request),
      );
    });
  });
}

export function rename(request: FuseRequest): void {
  move(request, 8, 0);
}

export function rename2(request: FuseRequest): void {
  move(request, 16, request.word(2));
}
