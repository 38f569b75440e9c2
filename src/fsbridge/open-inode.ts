/** Opens what a name is, and finds the Fcb of what was opened. */
import { abi } from '../vfs-linux/abi.gen.ts';
import type { Fd, OpenedStatx } from '../vfs-linux/calls.ts';
import type { Errno } from '../vfs-linux/errno.ts';
import type { LinuxName } from './directory-names.ts';
import type { Fcb } from './fcb.ts';
import type { Vcb } from './vcb.ts';
import { noteXattrs } from './xattr-facts.ts';

/** A handle (O_PATH) on what a name is, and what the kernel found out about it. Follows no link. */
export function openHandle(
  vcb: Pick<Vcb, 'calls' | 'lookupWant'>,
  dir: Fd,
  name: LinuxName,
): Promise<OpenedStatx | Errno> {
  const openFlags = abi.O_PATH | abi.O_NOFOLLOW;
  return vcb.calls.openat2Statx(dir, name, { flags: openFlags }, vcb.lookupWant);
}

/** The Fcb of what was opened, held. The descriptor becomes its handle, or is closed. */
export function takeFcb(vcb: Pick<Vcb, 'files'>, opened: OpenedStatx): Fcb {
  const fcb = vcb.files.take(opened.statx, opened.fd);
  if (fcb.dos === undefined && opened.xattrs !== undefined) noteXattrs(fcb, opened.xattrs);
  return fcb;
}
