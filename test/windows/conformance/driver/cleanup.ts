/** NtClose: the driver's cleanup of a handle, and the close that follows it. */
import type { Driver } from './driver.ts';
import type { FileDesc } from './file-node.ts';
import { succeeds } from './nt.ts';
import { ProtocolFault } from './protocol-fault.ts';
import { kind, Request } from './record.ts';

const bit = { DELETE: 1, ALLOCATION: 2, ARCHIVE: 4, ACCESS: 8, WRITE: 16, CHANGE: 32 } as const;

/** The flags of the handle's Cleanup request. */
function cleanupBits(file: FileDesc): number {
  const { node } = file;
  if (file.deleteOnClose) node.deletePending = true;
  const isLast = node.handleCount === 1;
  let bits = 0;
  if (!node.posixDeleted) {
    if (file.posixDelete) {
      node.posixDeleted = true;
      bits |= bit.DELETE;
    } else if (isLast && node.deletePending) bits |= bit.DELETE;
  }
  if (isLast && node.truncateOnClose && !node.deletePending) bits |= bit.ALLOCATION;
  const { modified } = file;
  if ((modified || file.didSetSecurity) && !file.didSetAttributes) bits |= bit.ARCHIVE;
  if (!file.didSetLastAccessTime) bits |= bit.ACCESS;
  if (modified && !file.didSetLastWriteTime) bits |= bit.WRITE;
  if ((modified || file.didSetMetadata) && !file.didSetChangeTime) bits |= bit.CHANGE;
  return bits;
}

export async function closeHandle(driver: Driver, file: FileDesc): Promise<void> {
  if (file.cleanedUp) throw new RangeError('a handle was closed twice');
  await file.node.lock.exclusive(() => cleanup(driver, file));
  if (file.sections === 0) driver.close(file);
}

async function cleanup(driver: Driver, file: FileDesc): Promise<void> {
  const { node } = file;
  const bits = cleanupBits(file);
  const deletes = (bits & bit.DELETE) !== 0;
  file.cleanedUp = true;
  const modified = (bits & ~bit.ACCESS) !== 0;
  if (modified || !driver.parameters.postCleanupWhenModifiedOnly) {
    const request = new Request(kind.CLEANUP, deletes ? node.name : undefined)
      .contexts(node.userContext, file.userContext2)
      .u32(32, bits);
    const response = await driver.send(request);
    if (!succeeds(response.status)) throw new ProtocolFault('a Cleanup was refused');
  }
  node.openers.delete(file);
  node.handleCount -= 1;
  if (node.handleCount === 0) node.truncateOnClose = false;
  if (deletes) {
    // The name is free. A file that is still open has no name any more.
    driver.nodes.remove(node);
    node.info = undefined;
  }
  if (modified) {
    driver.invalidateParent(node.name);
    if (!deletes && file.modified) node.info = undefined;
  }
}
