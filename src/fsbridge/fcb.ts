/** One inode that is open (NT's file control block): shared by all its file objects. */
export class Fcb {
  /** A handle (O_PATH): keeps the inode, whatever becomes of its names. */
  readonly handle: number;

  constructor(handle: number) {
    this.handle = handle;
  }
}
