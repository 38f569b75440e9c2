/**
 * An open file as one handle sees it (NT's FILE_OBJECT and CCB). What all handles of a file share is
 * in its Fcb; under which name this one was opened is in its Lcb.
 */
import type { Timespec } from '../vfs-linux/statx.ts';
import type { DirectoryListing } from './directory-listing.ts';
import type { Fcb, Lcb } from './fcb.ts';

export class FileObject {
  /** Unlike that of any other file object of the engine, ever: for a transport's contexts. */
  readonly id: number;
  readonly fcb: Fcb;
  /** The name it was opened by, whatever that is now; none for the root. */
  readonly lcb: Lcb | undefined;
  /** ACCESS_MASK. */
  readonly grantedAccess: number;
  readonly createOptions: number;
  /** The listing that QueryDirectory goes on with. */
  listing: DirectoryListing | undefined;
  /** Times that this handle's own operations are not to move (a time of -1 was set). */
  keptAccessTime: Timespec | undefined;
  keptWriteTime: Timespec | undefined;
  closed = false;

  constructor(
    id: number,
    fcb: Fcb,
    lcb: Lcb | undefined,
    grantedAccess: number,
    createOptions: number,
  ) {
    this.id = id;
    this.fcb = fcb;
    this.lcb = lcb;
    this.grantedAccess = grantedAccess;
    this.createOptions = createOptions;
  }
}
