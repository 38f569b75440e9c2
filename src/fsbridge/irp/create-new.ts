/**
 * The half of IRP_MJ_CREATE that makes a file or a directory.
 *
 * Invariant: where a new file cannot get everything that was asked for (security, EAs, room), its
 * name is taken away again before the failure is answered.
 */
import { abi, errno } from '../../vfs-linux/abi.gen.ts';
import type { OpenedStatx } from '../../vfs-linux/calls.ts';
import { type Errno, isErrno } from '../../vfs-linux/errno.ts';
import type { Statx } from '../../vfs-linux/statx.ts';
import { checkCreate } from '../access.ts';
import type { Create } from '../create-request.ts';
import { applyEas } from '../eas-set.ts';
import type { Fcb, Lcb } from '../fcb.ts';
import { describe, keepDosAttrib } from '../inode.ts';
import { writeFdOf } from '../io.ts';
import { CREATE_RESULT, OPTION } from '../nt.ts';
import { openHandle, takeFcb } from '../open-inode.ts';
import { setReparseData } from '../reparse-set.ts';
import { reserveRoom } from '../reserve-room.ts';
import { securityOfNew } from '../security-of-new.ts';
import { FILE_ATTRIBUTE } from '../translate/attributes.ts';
import { type NtStatus, ntStatusOf, STATUS } from '../translate/ntstatus.ts';
import type { Vcb } from '../vcb.ts';
import type { Place } from '../walk.ts';
import { removeName } from './cleanup.ts';
import { answerCreate } from './create-answer.ts';
import type { CreateIrp } from './irp.ts';

const fileMode = 0o666;
const directoryMode = 0o777;
const anyWrite = 0o222;

/**
 * The outcome of making a name; 'again': the name has appeared meanwhile, and is resolved again.
 */
export type Making =
  | { readonly kind: 'made' }
  | { readonly kind: 'refused'; readonly status: NtStatus }
  | typeof again;

const again = { kind: 'again' } as const;
const refused = (status: NtStatus) => ({ kind: 'refused', status }) as const;

/** Makes the name at `place`, and answers the request with the new file. */
export async function makeNew(create: Create): Promise<Making> {
  const { vcb, irp } = create;
  // 1 validate
  const invalid = validateNew(vcb, irp);
  if (invalid !== STATUS.SUCCESS) return refused(invalid);
  const { dir } = create.place;
  // 3 check access
  const denied = await checkCreate(create);
  if (denied !== STATUS.SUCCESS) return refused(denied);
  // 4 do. O_EXCL keeps two makers of one name apart; the lock does so for two spellings of it.
  const isAlone = !vcb.names.caseSensitive || irp.eaIsReparsePoint;
  const wait = isAlone ? dir.names.exclusive() : dir.names.shared();
  if (wait !== undefined) await wait;
  let made: NewName | Exclude<Making, { kind: 'made' }>;
  try {
    made = await makeLocked(create);
  } finally {
    if (isAlone) dir.names.releaseExclusive();
    else dir.names.releaseShared();
  }
  if (made.kind !== 'named') return made;
  const { status, lcb } = made;
  if (status !== STATUS.SUCCESS) await removeName(vcb, lcb);
  vcb.files.leave(lcb);
  vcb.files.release(lcb.fcb);
  return status === STATUS.SUCCESS ? { kind: 'made' } : refused(status);
}

/** A name that was made, held, and whether its file got everything that was asked for. */
interface NewName {
  readonly kind: 'named';
  readonly status: NtStatus;
  readonly lcb: Lcb;
}

function isDirectoryWanted(irp: CreateIrp): boolean {
  return (irp.createOptions & OPTION.DIRECTORY_FILE) !== 0;
}

function validateNew(vcb: Vcb, irp: CreateIrp): NtStatus {
  if (vcb.readOnly) return STATUS.MEDIA_WRITE_PROTECTED;
  if (irp.hasTrailingBackslash && !isDirectoryWanted(irp)) return STATUS.OBJECT_NAME_INVALID;
  const isReadOnly = (irp.fileAttributes & FILE_ATTRIBUTE.READONLY) !== 0;
  const isDeletedOnClose = (irp.createOptions & OPTION.DELETE_ON_CLOSE) !== 0;
  if (isReadOnly && isDeletedOnClose) return STATUS.CANNOT_DELETE;
  if (irp.ea !== undefined && !irp.eaIsReparsePoint && !vcb.hasXattrs) {
    return STATUS.EAS_NOT_SUPPORTED;
  }
  return STATUS.SUCCESS;
}

async function makeLocked(create: Create): Promise<NewName | Exclude<Making, { kind: 'made' }>> {
  const { vcb } = create;
  const { dir, name, linuxName } = create.place;
  if (!vcb.names.caseSensitive) {
    const folded = await vcb.names.folded(dir);
    if (isErrno(folded)) return refused(ntStatusOf(folded));
    if (folded.find(name) !== undefined) return again;
  }
  const opened = await makeInode(create);
  if (isErrno(opened)) return notMade(opened);
  const fcb = takeFcb(vcb, opened);
  // Another request may have looked the new name up already: then the handle is its descriptor.
  if (fcb.type === abi.S_IFREG && fcb.handle === opened.fd) fcb.writeFd = opened.fd;
  vcb.names.noteAppeared(dir, name, linuxName);
  const lcb = vcb.files.enter(dir, name, linuxName, fcb);
  const made: Place = { dir, name, linuxName, fcb, lcb, statx: opened.statx };
  const status = await applyAttributes({ ...create, place: made }, opened.statx);
  return { kind: 'named', status, lcb };
}

function notMade(failure: Errno): Exclude<Making, { kind: 'made' }> {
  if (failure === -errno.EEXIST) return again;
  if (failure === -errno.ENAMETOOLONG) return refused(STATUS.OBJECT_NAME_INVALID);
  // The directory itself has gone while it was held.
  return refused(failure === -errno.ENOENT ? STATUS.DELETE_PENDING : ntStatusOf(failure));
}

async function makeInode({ vcb, irp, place }: Create): Promise<OpenedStatx | Errno> {
  const { dir, linuxName } = place;
  if (!isDirectoryWanted(irp)) {
    const isReadOnly = (irp.fileAttributes & FILE_ATTRIBUTE.READONLY) !== 0;
    const mode = isReadOnly ? fileMode & ~anyWrite : fileMode;
    const flags = abi.O_CREAT | abi.O_EXCL | abi.O_RDWR | abi.O_NOFOLLOW;
    return vcb.creating.openat2Statx(dir.handle, linuxName, { flags, mode });
  }
  const ret = await vcb.creating.mkdirat(dir.handle, linuxName, directoryMode);
  return isErrno(ret) ? ret : openHandle(vcb, dir.handle, linuxName);
}

/** Gives a new file its attributes, security, room and EAs, and answers the request. */
async function applyAttributes(create: Create, created: Statx): Promise<NtStatus> {
  const { vcb, irp } = create;
  const fcb = create.place.fcb as Fcb;
  fcb.dos ??= null;
  fcb.eaSize ??= 0;
  const attributes = isDirectoryWanted(irp)
    ? irp.fileAttributes
    : (irp.fileAttributes & ~FILE_ATTRIBUTE.READONLY) | FILE_ATTRIBUTE.ARCHIVE;
  const kept = await keepDosAttrib(vcb, fcb, attributes, undefined);
  if (isErrno(kept)) return ntStatusOf(kept);
  const wantsReadOnly = (irp.fileAttributes & FILE_ATTRIBUTE.READONLY) !== 0;
  if (wantsReadOnly && (created.mode & anyWrite) !== 0 && fcb.type === abi.S_IFREG) {
    // FAT has no mode to create a file with.
    const mode = created.mode & 0o7777 & ~anyWrite;
    await vcb.calls.fchmodat2(fcb.handle, '', mode, abi.AT_EMPTY_PATH);
  }
  const secured = await securityOfNew(create, created);
  if (secured !== STATUS.SUCCESS) return secured;
  if (irp.allocationSize > 0 && fcb.type === abi.S_IFREG) {
    const room = await reserveRoom(vcb, await writeFdOf(vcb, fcb), irp.allocationSize);
    if (room !== STATUS.SUCCESS) return room;
  }
  const extended = await applyEa(create);
  if (extended !== STATUS.SUCCESS) return extended;
  const changed =
    wantsReadOnly ||
    irp.allocationSize > 0 ||
    irp.ea !== undefined ||
    irp.securityDescriptor !== undefined;
  const statx = changed ? await vcb.calls.fstatx(fcb.handle) : created;
  if (isErrno(statx)) return ntStatusOf(statx);
  await describe(vcb, fcb, statx, irp.fileInfo);
  // 5 answer
  return answerCreate(create, CREATE_RESULT.CREATED);
}

async function applyEa({ vcb, irp, place }: Create): Promise<NtStatus> {
  if (irp.ea === undefined) return STATUS.SUCCESS;
  if (!irp.eaIsReparsePoint) return applyEas(vcb, place.fcb as Fcb, irp.ea);
  return setReparseData(vcb, place, irp.ea, 0);
}
