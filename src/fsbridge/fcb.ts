/**
 * One inode that is open (NT's file control block, FCB), and one name under which it was opened
 * (the link control block, LCB).
 *
 * Invariants:
 * 1. One inode has one Fcb, whatever names it was opened by: its key is the inode's number. The
 *    handle keeps the inode, so the number is not given to another file meanwhile.
 * 2. An Lcb is what its parent's `links` has under its name, until the name is removed or replaced
 *    (`removed`); a rename changes the Lcb in its place, so every file object that was opened by it
 *    follows.
 * 3. A directory has one Lcb, which lives as long as its Fcb. So the way up from a directory to the
 *    root is always known, and a path below a renamed directory is right at once.
 * 4. `refs` counts file objects, Lcbs in `links`, and requests that work with the Fcb. At 0 the Fcb
 *    is closed, or kept as an idle directory (FcbTable).
 */

import { SharedLock } from '../shared-lock.ts';
import type { Fd } from '../vfs-linux/calls.ts';
import type { Errno } from '../vfs-linux/errno.ts';
import type { FoldedNames } from './folded-names.ts';
import type { LinuxPermissions } from './security/acl-map.ts';
import type { DosAttrib } from './translate/dos-attrib.ts';

/** The inode's number; with the device in front where a volume has several (btrfs subvolumes). */
export type FcbKey = number | string;

let serials = 0;

export class Fcb {
  key: FcbKey;
  /** Keeps the inode: an O_PATH descriptor, or that of a file that was created here. */
  handle: Fd;
  /** S_IFREG, S_IFDIR, …; set and delete reparse point change it. */
  type: number;
  /** Unlike any other's: the order in which two of them are locked. */
  readonly serial: number = ++serials;
  refs = 0;
  /** Open for reading, or for both; opened when first needed. `handle` may be among them. */
  readFd: Fd | Promise<number> | undefined;
  writeFd: Fd | Promise<number> | undefined;
  /** What user.DOSATTRIB says; null: there is none; undefined: not looked at yet. */
  dos: DosAttrib | null | undefined;
  /** Bytes that the EAs take; undefined: not looked at since they changed. */
  eaSize: number | undefined;
  /** Whether it has a POSIX ACL: without one its mode says all. Undefined: not looked at. */
  hasAcl: boolean | undefined;
  /** A device's numbers ($LXDEV), which WSL sets before it makes the file a device. */
  lxDevice: { readonly major: number; readonly minor: number } | undefined;
  /** Of a symbolic link: whether it leads to a directory, when that was last looked at. */
  isDirectoryLink = false;
  /** Mode, owner and ACL, while they are known; a change of any forgets them. */
  permissions: LinuxPermissions | undefined;
  /** Its descriptors are closed: it must not be used any more. */
  closed = false;

  /** Of a directory alone: its own name (none for the root), and names below that are open. */
  lcb: Lcb | undefined;
  readonly links: Map<string, Lcb> = new Map();
  /** Shared by look-ups of names in this directory, held alone by removals and renames. */
  readonly names: SharedLock = new SharedLock();
  /** On volumes that do not tell case apart: the names in this directory. */
  folded: FoldedNames | Promise<FoldedNames | Errno> | undefined;

  constructor(key: FcbKey, handle: Fd, type: number) {
    this.key = key;
    this.handle = handle;
    this.type = type;
  }
}

export class Lcb {
  parent: Fcb;
  /** The name as Windows has it, and as Linux has it. */
  name: string;
  linuxName: Uint8Array;
  readonly fcb: Fcb;
  /** File objects opened by this name, and requests that work with it. */
  holders = 0;
  /** The name has gone. */
  removed = false;

  constructor(parent: Fcb, name: string, linuxName: Uint8Array, fcb: Fcb) {
    this.parent = parent;
    this.name = name;
    this.linuxName = linuxName;
    this.fcb = fcb;
  }
}
