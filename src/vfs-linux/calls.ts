/**
 * Linux's file system calls, as promises: the data plane that everything above stands on. calls/ has
 * them by kind; each class adds to the one before, and this is the last.
 *
 * Every method is the system call of its name (see the man pages, section 2), with that call's
 * arguments in that call's order, and answers what the call returns or a negative errno; nothing
 * here throws. Descriptors belong to the kernel; `AT_FDCWD` and absolute names start at the root
 * that this object was made for, and no name leads out of it. The identity that the kernel's
 * permission checks see is the object's too: `as` makes another object for another identity.
 */
import { StatxCalls } from './calls/statx-calls.ts';

export type { TimeToSet } from './calls/names.ts';
export type { Fd } from './calls/slots.ts';
export type { ChangedStatx } from './calls/statx-calls.ts';
export type { Found, OpenedStatx } from './found.ts';

export class LinuxCalls extends StatxCalls {
  /**
   * The same calls under another identity (Kernel.identity), 0 being root with every capability; and
   * with another umask.
   */
  as(cred: number, umask = 0): LinuxCalls {
    return new LinuxCalls(this.ring, this.root, cred, this.opened, umask);
  }
}
