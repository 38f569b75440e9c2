/**
 * IRP_MJ_CREATE: opens what a name is, or makes it (MS-FSA 2.1.5.1).
 *
 * Steps: 1 validate, 2 resolve the name, 3 check access, 4 open or make, 5 answer. A name may
 * appear between the look-up and the making of the file: then the steps are taken again.
 */
import { Buffer } from 'node:buffer';
import { abi } from '../../vfs-linux/abi.gen.ts';
import { isErrno } from '../../vfs-linux/errno.ts';
import { checkOpen, requesterOf, traverseCheck } from '../access.ts';
import type { Create } from '../create-request.ts';
import type { Fcb } from '../fcb.ts';
import { describe, isDirectoryLinkAt } from '../inode.ts';
import { CREATE_RESULT, DISPOSITION, OPTION } from '../nt.ts';
import { ACCESS } from '../security/access-rights.ts';
import { FILE_ATTRIBUTE } from '../translate/attributes.ts';
import { type NtStatus, ntStatusOf, STATUS } from '../translate/ntstatus.ts';
import { reparseTagOf } from '../translate/reparse.ts';
import type { Vcb } from '../vcb.ts';
import {
  follow,
  letGo,
  lookUp,
  newWalk,
  type Place,
  placeOfDirectory,
  type Walk,
  walkToParent,
} from '../walk.ts';
import { answerCreate } from './create-answer.ts';
import { type Making, makeNew } from './create-new.ts';
import { validateCreate } from './create-validate.ts';
import type { CreateIrp } from './irp.ts';
import { reparseBufferOf } from './reparse-data.ts';

/** How often a file may come and go between look-up and creation before that is an error. */
const maxAttempts = 8;

export async function create(vcb: Vcb, irp: CreateIrp): Promise<NtStatus> {
  irp.fileObject = undefined;
  irp.normalizedName = undefined;
  irp.answeredSecurityDescriptor = undefined;
  irp.reparseBuffer = undefined;
  irp.disableCache = false;
  irp.information = 0;
  // 1 validate
  const invalid = validateCreate(vcb, irp);
  if (invalid !== STATUS.SUCCESS) return invalid;
  const requester = requesterOf(vcb, irp);
  if (typeof requester === 'number') return requester;
  for (let attempt = 1; ; attempt++) {
    // 2 resolve
    const walk = newWalk(traverseCheck(irp, requester));
    const place = await resolve(vcb, irp, walk);
    if (typeof place === 'number') {
      return place === STATUS.REPARSE ? reparseOutside(irp, walk) : place;
    }
    // 3 check access, 4 do, 5 answer
    const outcome = await openOrMake({ vcb, irp, requester, place });
    letGo(vcb, place);
    if (outcome.kind === 'made') return STATUS.SUCCESS;
    if (outcome.kind !== 'again') return outcome.status;
    if (attempt === maxAttempts) return STATUS.OBJECT_NAME_COLLISION;
  }
}

/** What the name leads to; a link at its end is followed, unless the link itself is asked for. */
async function resolve(vcb: Vcb, irp: CreateIrp, walk: Walk): Promise<Place | NtStatus> {
  const { fileName } = irp;
  if (fileName === '\\') {
    vcb.files.hold(vcb.root);
    return placeOfDirectory(vcb, vcb.root);
  }
  const dir = await walkToParent(vcb, fileName, walk);
  if (typeof dir === 'number') return dir;
  const place = await lookUp(vcb, dir, fileName.slice(fileName.lastIndexOf('\\') + 1));
  vcb.files.release(dir);
  const isOpenedItself = (irp.createOptions & OPTION.OPEN_REPARSE_POINT) !== 0;
  if (typeof place === 'number' || place.fcb?.type !== abi.S_IFLNK) return place;
  if (irp.openTargetDirectory) return place;
  if (!isOpenedItself) return follow(vcb, place, walk);
  // Windows has two kinds of links.
  place.fcb.isDirectoryLink = await isDirectoryLinkAt(vcb, place.dir.handle, place.linuxName);
  return place;
}

/** The link leads out of the volume: the I/O manager continues with the name it gets. */
function reparseOutside(irp: CreateIrp, walk: Walk): NtStatus {
  irp.information = 0;
  irp.reparseBuffer = Buffer.from(walk.reparsePath, 'utf16le');
  return STATUS.REPARSE;
}

type Outcome = Making | { readonly kind: 'answered'; readonly status: NtStatus };

async function openOrMake(create: Create): Promise<Outcome> {
  const { irp, place } = create;
  if (irp.openTargetDirectory) return { kind: 'answered', status: await openParent(create) };
  if (place.fcb !== undefined) return { kind: 'answered', status: await openExisting(create) };
  if (
    irp.createDisposition === DISPOSITION.OPEN ||
    irp.createDisposition === DISPOSITION.OVERWRITE
  ) {
    return { kind: 'answered', status: STATUS.OBJECT_NAME_NOT_FOUND };
  }
  return makeNew(create);
}

/** SL_OPEN_TARGET_DIRECTORY: the directory that a rename or a link goes to. */
async function openParent(create: Create): Promise<NtStatus> {
  const { vcb } = create;
  const { dir, fcb } = create.place;
  vcb.files.hold(dir);
  const parent = placeOfDirectory(vcb, dir);
  const opening: Create = { ...create, place: parent };
  const status = await checkOpen(opening, FILE_ATTRIBUTE.DIRECTORY);
  const result = fcb === undefined ? CREATE_RESULT.DOES_NOT_EXIST : CREATE_RESULT.EXISTS;
  const answered = status === STATUS.SUCCESS ? await answerCreate(opening, result) : status;
  letGo(vcb, parent);
  return answered;
}

async function openExisting(create: Create): Promise<NtStatus> {
  const { vcb, irp, place } = create;
  const fcb = place.fcb as Fcb;
  const statx = place.statx ?? (await vcb.calls.fstatx(fcb.handle));
  if (isErrno(statx)) return ntStatusOf(statx);
  await describe(vcb, fcb, statx, irp.fileInfo);
  const tag = reparseTagOf(statx.mode);
  if (tag !== 0 && (irp.createOptions & OPTION.OPEN_REPARSE_POINT) === 0) {
    return reparseSpecial(create, tag);
  }
  const unfit = checkKind(irp, irp.fileInfo.fileAttributes, tag !== 0);
  if (unfit !== STATUS.SUCCESS) return unfit;
  // 3 check access
  const refused = await checkOpen(create, irp.fileInfo.fileAttributes);
  if (refused !== STATUS.SUCCESS) return refused;
  // 5 answer; a file that is overwritten loses its content when Overwrite comes
  return answerCreate(create, resultOf(irp.createDisposition));
}

function resultOf(disposition: number): number {
  if (disposition === DISPOSITION.SUPERSEDE) return CREATE_RESULT.SUPERSEDED;
  const overwrites =
    disposition === DISPOSITION.OVERWRITE || disposition === DISPOSITION.OVERWRITE_IF;
  return overwrites ? CREATE_RESULT.OVERWRITTEN : CREATE_RESULT.OPENED;
}

/** FIFOs, sockets and devices cannot be opened here; a caller that knows their tag may continue. */
async function reparseSpecial({ vcb, irp, place }: Create, tag: number): Promise<NtStatus> {
  const buffer = await reparseBufferOf(vcb, place.fcb as Fcb);
  if (typeof buffer === 'number') return buffer;
  irp.information = tag;
  irp.reparseBuffer = buffer;
  return STATUS.REPARSE;
}

/** Whether a file of this kind may be opened so: file or directory, and the dispositions. */
function checkKind(irp: CreateIrp, attributes: number, isReparsePoint: boolean): NtStatus {
  const { createDisposition, createOptions } = irp;
  const isDirectory = (attributes & FILE_ATTRIBUTE.DIRECTORY) !== 0;
  const wantsFile = (createOptions & OPTION.NON_DIRECTORY_FILE) !== 0;
  if (createDisposition === DISPOSITION.CREATE) {
    return isDirectory && wantsFile ? STATUS.FILE_IS_A_DIRECTORY : STATUS.OBJECT_NAME_COLLISION;
  }
  if (!isReparsePoint) {
    if (isDirectory && wantsFile) return STATUS.FILE_IS_A_DIRECTORY;
    const wantsDirectory = (createOptions & OPTION.DIRECTORY_FILE) !== 0;
    if (!isDirectory && wantsDirectory) return STATUS.NOT_A_DIRECTORY;
    if (!isDirectory && irp.hasTrailingBackslash) return STATUS.OBJECT_NAME_INVALID;
  }
  const overwrites = resultOf(createDisposition) !== CREATE_RESULT.OPENED;
  if (overwrites && isDirectory) return STATUS.FILE_IS_A_DIRECTORY;
  return checkReadOnlyAttribute(irp, attributes, overwrites);
}

function checkReadOnlyAttribute(irp: CreateIrp, attributes: number, overwrites: boolean): NtStatus {
  if ((attributes & FILE_ATTRIBUTE.READONLY) === 0) return STATUS.SUCCESS;
  // Names may be added to a READONLY directory and removed from it; the directory itself stays.
  const isDirectory = (attributes & FILE_ATTRIBUTE.DIRECTORY) !== 0;
  const writes = ACCESS.WRITE_DATA | ACCESS.APPEND_DATA;
  if (!isDirectory && (overwrites || (irp.desiredAccess & writes) !== 0)) {
    return STATUS.ACCESS_DENIED;
  }
  const deletes = (irp.createOptions & OPTION.DELETE_ON_CLOSE) !== 0;
  return deletes ? STATUS.CANNOT_DELETE : STATUS.SUCCESS;
}
