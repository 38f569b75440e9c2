/**
 * Extended attributes of an open inode. EAs are Linux's user.* attributes (translate/ea.ts says
 * under which names). Most files have none, so each Fcb remembers what its inode was found to have.
 */
import { Buffer } from 'node:buffer';
import { abi, errno } from '../vfs-linux/abi.gen.ts';
import { at, type FileAt, itself } from '../vfs-linux/calls.ts';
import { type Errno, isErrno } from '../vfs-linux/errno.ts';
import { listXattrs, readXattr } from '../vfs-linux/tree/xattrs.ts';
import type { Fcb } from './fcb.ts';
import { type DosAttrib, dosAttribXattr, parseDosAttrib } from './translate/dos-attrib.ts';
import { type Ea, eaNameOfXattr, eaOfXattr, eaSizeOf } from './translate/ea.ts';
import type { Vcb } from './vcb.ts';
import type { XattrFacts } from './xattr-facts.ts';

/** Samba's values have some 60 bytes. */
const usualDosAttribBytes = 256;
export const accessAclXattr = 'system.posix_acl_access';
export const defaultAclXattr = 'system.posix_acl_default';

/** user.* attributes are for files and directories alone (xattr(7)). */
export function mayHaveUserXattrs(vcb: Vcb, fcb: Fcb): boolean {
  return vcb.hasXattrs && (fcb.type === abi.S_IFREG || fcb.type === abi.S_IFDIR);
}

/** Finds out what attributes the inode has: Fcb.dos, eaSize and hasAcl are known then. */
export async function learnXattrs(vcb: Vcb, fcb: Fcb): Promise<void> {
  if (mayHaveUserXattrs(vcb, fcb)) {
    await learn(vcb, itself(fcb.handle), fcb);
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
  return learn(vcb, at(dir.handle, name, abi.AT_SYMLINK_NOFOLLOW), facts);
}

async function learn(vcb: Vcb, subject: FileAt, facts: XattrFacts): Promise<void> {
  const names = await namesOf(vcb, subject);
  if (isErrno(names)) return;
  let dos: DosAttrib | null = null;
  let hasAcl = false;
  for (const name of names) {
    const text = name.toString('latin1');
    if (text === dosAttribXattr) dos = await readDosAttrib(vcb, subject);
    else if (text === accessAclXattr || text === defaultAclXattr) hasAcl = true;
  }
  facts.eaSize = await sizeOfEas(vcb, subject, names);
  facts.dos = dos;
  facts.hasAcl = hasAcl;
}

/** The names of all attributes: none on a file system that has no attributes. */
async function namesOf(vcb: Vcb, subject: FileAt): Promise<readonly Buffer[] | Errno> {
  const names = await listXattrs(vcb.calls, subject);
  return names === -errno.EOPNOTSUPP ? [] : names;
}

async function readDosAttrib(vcb: Vcb, subject: FileAt): Promise<DosAttrib | null> {
  const value = await readXattr(vcb.calls, subject, dosAttribXattr, usualDosAttribBytes);
  return isErrno(value) ? null : (parseDosAttrib(value) ?? null);
}

/** Asks for each EA's length alone. */
async function sizeOfEas(vcb: Vcb, subject: FileAt, names: readonly Buffer[]): Promise<number> {
  const sized: Ea[] = [];
  for (const xattr of names) {
    const name = eaNameOfXattr(xattr);
    if (name === undefined) continue;
    const length = await vcb.calls.getxattrat(subject, xattr, Buffer.alloc(0));
    if (length >= 0) sized.push({ name, flags: 0, value: Buffer.alloc(length) });
  }
  return eaSizeOf(sized);
}

/** The EAs of an open inode. */
export async function readEas(vcb: Vcb, fcb: Fcb): Promise<Ea[] | Errno> {
  const eas: Ea[] = [];
  if (!mayHaveUserXattrs(vcb, fcb)) return eas;
  const subject = itself(fcb.handle);
  const names = await namesOf(vcb, subject);
  if (isErrno(names)) return names;
  for (const name of names) {
    if (eaNameOfXattr(name) === undefined) continue;
    const value = await readXattr(vcb.calls, subject, name);
    const ea = isErrno(value) ? undefined : eaOfXattr(name, value);
    if (ea !== undefined) eas.push(ea);
  }
  return eas;
}

/** The names of the attributes that are EAs to Windows. */
export async function eaXattrs(vcb: Vcb, fcb: Fcb): Promise<readonly Buffer[]> {
  if (!mayHaveUserXattrs(vcb, fcb) || fcb.eaSize === 0) return [];
  const names = await namesOf(vcb, itself(fcb.handle));
  return isErrno(names) ? [] : names.filter((name) => eaNameOfXattr(name) !== undefined);
}
