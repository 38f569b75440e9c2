/** A Create on its way through the steps: what all of them need to know. */
import type { Fcb } from './fcb.ts';
import type { CreateIrp } from './irp/irp.ts';
import type { AccessToken } from './security/access-check.ts';
import type { Vcb } from './vcb.ts';
import type { Place } from './walk.ts';

/** The rights on an inode that are granted; undefined where something that is asked for is not. */
export type Check = (fcb: Fcb, desiredAccess: number) => Promise<number | undefined>;

/** The user of a Create whose rights are checked. */
export interface Requester {
  readonly token: AccessToken;
  readonly check: Check;
}

export interface Create {
  readonly vcb: Vcb;
  readonly irp: CreateIrp;
  /** Undefined: nobody is checked, and everything is granted. */
  readonly requester: Requester | undefined;
  /** The name that was resolved, and what is there. */
  readonly place: Place;
}
