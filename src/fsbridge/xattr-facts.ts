/** What is known of an inode's extended attributes, and what a look-up adds to it. */
import { errno } from '../vfs-linux/abi.gen.ts';
import { isErrno } from '../vfs-linux/errno.ts';
import type { SmallXattrs } from '../vfs-linux/lookup.ts';
import { type DosAttrib, dosAttribXattr, parseDosAttrib } from './translate/dos-attrib.ts';

/** Of an Fcb, or of a name in a listing. Undefined: not known yet. */
export interface XattrFacts {
  /** What user.DOSATTRIB holds; null: there is none. */
  dos: DosAttrib | null | undefined;
  /** Bytes that the EAs take in a FILE_FULL_EA_INFORMATION list. */
  eaSize: number | undefined;
  /** Whether there is a POSIX ACL, access or default. */
  hasAcl: boolean | undefined;
}

/** Takes over what a look-up found: `dos`, and the other two where the list of names says so. */
export function noteXattrs(facts: XattrFacts, found: SmallXattrs): void {
  const { listBytes, value } = found;
  if (!isErrno(value)) facts.dos = parseDosAttrib(value) ?? null;
  else if (value === -errno.ENODATA || value === -errno.EOPNOTSUPP) facts.dos = null;
  // Either no name is listed, or user.DOSATTRIB alone.
  const knownBytes = isErrno(value) ? 0 : dosAttribXattr.length + 1;
  if (listBytes === knownBytes || listBytes === -errno.EOPNOTSUPP) {
    facts.eaSize = 0;
    facts.hasAcl = false;
  }
}
