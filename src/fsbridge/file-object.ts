/**
 * An open file as one handle sees it (NT's FILE_OBJECT and CCB). What all handles of a file share is
 * in its Fcb; under which name this one was opened is in its Lcb.
 */
import type { Fcb } from './fcb.ts';

export class FileObject {
  /** Unlike that of any other file object of the engine, ever: for a transport's contexts. */
  readonly id: number;
  readonly fcb: Fcb;

  constructor(id: number, fcb: Fcb) {
    this.id = id;
    this.fcb = fcb;
  }
}
