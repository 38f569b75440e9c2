/**
 * Extended attributes of an open inode. EAs are Linux's user.* attributes (translate/ea.ts says under
 * which names); which there are at all is asked once for each Fcb, as most files have none.
 */
import { Buffer } from 'node:buffer';
import { abi, errno } from '../vfs-linux/abi.gen.ts';
import { at } from '../vfs-linux/calls.ts';
import { type Errno, isErrno } from '../vfs-linux/errno.ts';
import type { Fcb } from './fcb.ts';
import { DOSATTRIB_XATTR, type DosAttrib, parseDosAttrib } from './translate/dos-attrib.ts';
import { type Ea, eaNameOfXattr, eaOfXattr, eaSizeOf } from './translate/ea.ts';
import type { Vcb } from './vcb.ts';
import type { XattrFacts } from './xattr-facts.ts';

/** Room for the names that a file usually has; more are asked for again. */
const usualListBytes = 1024;
/** Samba's values have some 60 bytes. */
const dosAttribMostBytes = 256;
const aclXattr = 'system.posix_acl_access';
const defaultAclXattr = 'system.posix_acl_default';

/** user.* attributes are for files and directories alone (xattr(7)). */
export function mayHaveUserXattrs(vcb: Vcb, fcb: Fcb): boolean {
  return vcb.hasXattrs && (fcb.type === abi.S_IFREG || fcb.type === abi.S_IFDIR);
}

/** Where the attributes are: an open inode, or a name in a directory. */
interface Subject {
  readonly fd: number;
  readonly name: Uint8Array | string;
  readonly atFlags: number;
}

const subjectOf = (fcb: Fcb): Subject => ({
  fd: fcb.handle,
  name: '',
  atFlags: abi.AT_EMPTY_PATH,
});

/** Finds out what attributes the inode has: Fcb.dos, eaSize and hasAcl are known then. */
export async function learnXattrs(vcb: Vcb, fcb: Fcb): Promise<void> {
  if (mayHaveUserXattrs(vcb, fcb)) {
    await learn(vcb, subjectOf(fcb), fcb);
    return;
  }
  fcb.dos = null;
  fcb.eaSize = 0;
  fcb.hasAcl = false;
}

/** The same for a name that is not open. */
export function learnXattrsOfName(
  vcb: Vcb,
  dir: Fcb,
  name: Uint8Array,
  facts: XattrFacts,
): Promise<void> {
  const subject = { fd: dir.handle, name, atFlags: abi.AT_SYMLINK_NOFOLLOW };
  return learn(vcb, subject, facts);
}

async function learn(vcb: Vcb, subject: Subject, facts: XattrFacts): Promise<void> {
  const names = await listXattrs(vcb, subject);
  if (isErrno(names)) return;
  let dos: DosAttrib | null = null;
  let hasAcl = false;
  for (const name of names) {
    const text = name.toString('latin1');
    if (text === DOSATTRIB_XATTR) dos = await readDosAttrib(vcb, subject);
    else if (text === aclXattr || text === defaultAclXattr) hasAcl = true;
  }
  facts.eaSize = await sizeOfEas(vcb, subject, names);
  facts.dos = dos;
  facts.hasAcl = hasAcl;
}

async function readDosAttrib(vcb: Vcb, subject: Subject): Promise<DosAttrib | null> {
  const value = await readValue(vcb, subject, DOSATTRIB_XATTR, dosAttribMostBytes);
  return isErrno(value) ? null : (parseDosAttrib(value) ?? null);
}

async function sizeOfEas(vcb: Vcb, subject: Subject, names: readonly Buffer[]): Promise<number> {
  const sized: Ea[] = [];
  for (const xattr of names) {
    const name = eaNameOfXattr(xattr);
    if (name === undefined) continue;
    const length = await getXattr(vcb, subject, xattr, Buffer.alloc(0));
    if (length >= 0) sized.push({ name, flags: 0, value: Buffer.alloc(length) });
  }
  return eaSizeOf(sized);
}

/** The EAs, or a negative errno. */
export async function readEas(vcb: Vcb, fcb: Fcb): Promise<Ea[] | Errno> {
  const eas: Ea[] = [];
  if (!mayHaveUserXattrs(vcb, fcb)) return eas;
  const subject = subjectOf(fcb);
  const names = await listXattrs(vcb, subject);
  if (isErrno(names)) return names;
  for (const name of names) {
    if (eaNameOfXattr(name) === undefined) continue;
    const value = await readValue(vcb, subject, name, abi.XATTR_SIZE_MAX);
    const ea = isErrno(value) ? undefined : eaOfXattr(name, value);
    if (ea !== undefined) eas.push(ea);
  }
  return eas;
}

/** The names of the attributes that are EAs to Windows. */
export async function eaXattrs(vcb: Vcb, fcb: Fcb): Promise<Buffer[]> {
  if (!mayHaveUserXattrs(vcb, fcb) || fcb.eaSize === 0) return [];
  const names = await listXattrs(vcb, subjectOf(fcb));
  if (isErrno(names)) return [];
  return names.filter((name) => eaNameOfXattr(name) !== undefined);
}

/** The names of all attributes, or a negative errno. */
async function listXattrs(vcb: Vcb, subject: Subject): Promise<Buffer[] | Errno> {
  const { fd, name, atFlags } = subject;
  let list = Buffer.allocUnsafe(usualListBytes);
  let length = await vcb.calls.listxattrat(at(fd, name, atFlags), list);
  if (length === -errno.ERANGE) {
    list = Buffer.allocUnsafe(abi.XATTR_LIST_MAX);
    length = await vcb.calls.listxattrat(at(fd, name, atFlags), list);
  }
  if (length === -errno.EOPNOTSUPP) return [];
  if (isErrno(length)) return length;
  const names: Buffer[] = [];
  for (let start = 0; start < length; ) {
    const end = list.indexOf(0, start);
    names.push(list.subarray(start, end));
    start = end + 1;
  }
  return names;
}

function getXattr(
  vcb: Vcb,
  { fd, name, atFlags }: Subject,
  xattr: Buffer | string,
  value: Buffer,
): Promise<number> {
  return vcb.calls.getxattrat(at(fd, name, atFlags), xattr, value);
}

async function readValue(
  vcb: Vcb,
  subject: Subject,
  xattr: Buffer | string,
  mostBytes: number,
): Promise<Buffer | Errno> {
  const value = Buffer.allocUnsafe(mostBytes);
  const length = await getXattr(vcb, subject, xattr, value);
  return isErrno(length) ? length : Buffer.from(value.subarray(0, length));
}

/** An attribute's value, or a negative errno. */
export function readXattr(
  vcb: Vcb,
  fcb: Fcb,
  name: string,
  mostBytes: number,
): Promise<Buffer | Errno> {
  return readValue(vcb, subjectOf(fcb), name, mostBytes);
}
