/**
 * What is open on a volume: makes file objects, and finds them by the number that a transport
 * keeps.
 */
import type { Fcb, Lcb } from './fcb.ts';
import type { FcbTable } from './fcb-table.ts';
import { FileObject } from './file-object.ts';

export class FileObjectTable {
  #files: FcbTable;
  #byId = new Map<number, FileObject>();
  #nextId = 1;

  constructor(files: FcbTable) {
    this.#files = files;
  }

  get byId(): ReadonlyMap<number, FileObject> {
    return this.#byId;
  }

  /** A file object on an inode, which holds the inode and the name until `close`. */
  open(fcb: Fcb, lcb: Lcb | undefined, createOptions: number): FileObject {
    const fileObject = new FileObject(this.#nextId++, fcb, lcb, createOptions);
    this.#files.hold(fcb);
    if (lcb !== undefined) lcb.holders++;
    this.#byId.set(fileObject.id, fileObject);
    return fileObject;
  }

  /** A second close does nothing. */
  close(fileObject: FileObject): void {
    if (!this.#byId.delete(fileObject.id)) return;
    fileObject.closeListing();
    if (fileObject.lcb !== undefined) this.#files.leave(fileObject.lcb);
    this.#files.release(fileObject.fcb);
  }

  /** Forgets all of them; their inodes are closed with the FcbTable. */
  clear(): void {
    this.#byId.clear();
  }
}
