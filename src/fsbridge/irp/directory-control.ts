/**
 * IRP_MJ_DIRECTORY_CONTROL, IRP_MN_QUERY_DIRECTORY: a part of a listing (MS-FSA 2.1.5.6.3). Entries
 * that do not fit are given in the next part; the order stays until a request begins anew.
 *
 * Steps: 1 validate, 2 find the place to continue from, 3 (rights were checked at Create), 4 give
 * entries, 5 answer.
 */
import { abi, errno } from '../../vfs-linux/abi.gen.ts';
import { type Errno, isErrno } from '../../vfs-linux/errno.ts';
import { DirectoryListing, describeEntry } from '../directory-listing.ts';
import { FileInfo } from '../file-info.ts';
import type { FileObject, Listing } from '../file-object.ts';
import { matchesPattern } from '../translate/names.ts';
import { type NtStatus, ntStatusOf, STATUS } from '../translate/ntstatus.ts';
import type { Vcb } from '../vcb.ts';
import type { DirectoryControlIrp } from './irp.ts';

export async function directoryControl(vcb: Vcb, irp: DirectoryControlIrp): Promise<NtStatus> {
  irp.endOfDirectory = false;
  const { fileObject } = irp;
  // 1 validate
  if (fileObject.fcb.type !== abi.S_IFDIR) return STATUS.INVALID_PARAMETER;
  const goesOn = irp.marker !== undefined || irp.markerOffset > 0;
  if (irp.patternIsFileName && irp.pattern !== undefined && !goesOn) {
    return giveOne(vcb, irp, irp.pattern);
  }
  if (irp.patternIsFileName) {
    irp.endOfDirectory = true;
    return STATUS.SUCCESS;
  }
  // 2 find the place
  const listing = await listingOf(vcb, fileObject, goesOn);
  if (isErrno(listing)) return ntStatusOf(listing);
  const start = irp.marker === undefined ? irp.markerOffset : await listing.behind(irp.marker);
  if (start < 0) {
    irp.endOfDirectory = true;
    return STATUS.SUCCESS;
  }
  // 4 do
  return giveFrom(vcb, irp, listing, start);
}

/** The handle's listing; begun anew where the request does not continue it. */
async function listingOf(
  vcb: Vcb,
  fileObject: FileObject,
  goesOn: boolean,
): Promise<Listing | Errno> {
  const { fcb } = fileObject;
  if (!vcb.names.caseSensitive) {
    const folded = await vcb.names.folded(fcb);
    if (isErrno(folded)) return folded;
  }
  const known = fileObject.listing;
  if (known !== undefined) {
    if (goesOn) return known;
    const ret = await known.restart();
    return isErrno(ret) ? ret : known;
  }
  const opened = await vcb.directories.open(fcb);
  if (isErrno(opened)) return opened;
  fileObject.listing ??= new DirectoryListing(vcb, fcb, opened.fd, opened.snapshot);
  return fileObject.listing;
}

async function giveFrom(
  vcb: Vcb,
  irp: DirectoryControlIrp,
  listing: Listing,
  start: number,
): Promise<NtStatus> {
  const { pattern, writer } = irp;
  const { caseSensitive } = vcb.names;
  for (let index = start; ; index++) {
    const found = listing.at(index);
    const listed = found instanceof Promise ? await found : found;
    if (isErrno(listed)) return ntStatusOf(listed);
    if (listed === undefined) {
      irp.endOfDirectory = true;
      return STATUS.SUCCESS;
    }
    if (pattern !== undefined && !matchesPattern(pattern, listed.name, caseSensitive)) continue;
    const described = listing.describe(listed);
    if (!(described instanceof Promise ? await described : described)) continue;
    if (!writer.entry(listed.name, index + 1, listing.info)) return STATUS.SUCCESS;
    listing.given(listed.name, index);
  }
}

/** PatternIsFileName: one name is looked up, and the directory is not read for it. */
async function giveOne(vcb: Vcb, irp: DirectoryControlIrp, name: string): Promise<NtStatus> {
  irp.endOfDirectory = true;
  const { fcb } = irp.fileObject;
  const meaning = await vcb.names.find(fcb, name);
  if (isErrno(meaning) || !meaning.exists) return STATUS.SUCCESS;
  const { linuxName, shown } = meaning;
  const atFlags = abi.AT_SYMLINK_NOFOLLOW;
  const found = await vcb.calls.lookup(fcb.handle, linuxName, atFlags, vcb.lookupWant);
  if (isErrno(found)) {
    const isAbsent = found === -errno.ENOENT || found === -errno.ENAMETOOLONG;
    return isAbsent ? STATUS.SUCCESS : ntStatusOf(found);
  }
  const info = new FileInfo();
  const entry = { statx: found.statx, xattrs: found.xattrs, info };
  await describeEntry(vcb, fcb, linuxName, entry);
  if (!irp.writer.entry(shown, 1, info)) return STATUS.BUFFER_OVERFLOW;
  return STATUS.SUCCESS;
}
