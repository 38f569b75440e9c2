/** Win32's file functions as the sequences of NT calls that they are. */
import {
  access,
  attribute,
  disposition,
  option,
  renameFlag,
  share,
  status,
  succeeds,
} from '../driver/nt.ts';
import { expectSuccess, type Handle, type Program } from '../driver/program.ts';

export interface FileTimes {
  readonly creationTime?: bigint;
  readonly lastAccessTime?: bigint;
  readonly lastWriteTime?: bigint;
}

/** GetFileAttributes; undefined for a missing file. */
export async function getFileAttributes(win: Program, path: string): Promise<number | undefined> {
  const { status: answered, handle } = await win.open(path, {
    access: access.READ_ATTRIBUTES,
    options: option.OPEN_REPARSE_POINT,
  });
  if (handle === undefined) {
    const { OBJECT_NAME_NOT_FOUND, OBJECT_PATH_NOT_FOUND } = status;
    if (answered !== OBJECT_NAME_NOT_FOUND && answered !== OBJECT_PATH_NOT_FOUND) {
      expectSuccess(answered, `attributes of ${path}`);
    }
    return undefined;
  }
  const { fileAttributes } = await handle.info();
  await handle.close();
  return fileAttributes;
}

/** CreateFile(CREATE_ALWAYS). */
export function createAlways(win: Program, path: string, attributes = 0): Promise<Handle> {
  return win.mustOpen(path, {
    access: access.FILE_GENERIC_WRITE | access.FILE_GENERIC_READ | access.DELETE,
    disposition: disposition.OVERWRITE_IF,
    options: option.NON_DIRECTORY_FILE | option.SYNCHRONOUS_IO_NONALERT,
    share: share.READ,
    attributes,
  });
}

/** WriteFile, piece by piece, as programs copy. */
export async function writeAll(handle: Handle, bytes: Buffer, pieceBytes = 65536): Promise<void> {
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const piece = bytes.subarray(at, at + pieceBytes);
    expectSuccess((await handle.write(at, piece)).status, 'write');
  }
}

/** MoveFileEx of Windows 10 1809 and later: POSIX semantics first, then the old class. */
export async function moveFile(
  win: Program,
  from: string,
  to: string,
  replaces = false,
): Promise<void> {
  const handle = await win.mustOpen(from, {
    access: access.DELETE | access.READ_ATTRIBUTES | access.SYNCHRONIZE,
    options: option.OPEN_REPARSE_POINT | option.OPEN_FOR_BACKUP_INTENT,
  });
  const replace = replaces ? renameFlag.REPLACE : 0;
  let answer = await handle.rename(to, replace | renameFlag.POSIX, true);
  if (!succeeds(answer)) answer = await handle.rename(to, replace);
  await handle.close();
  expectSuccess(answer, `move ${from} to ${to}`);
}

export async function deleteFile(win: Program, path: string): Promise<void> {
  expectSuccess(await win.remove(path), `delete ${path}`);
}

/** SetFileTime and SetFileAttributes, each through a new handle. */
export async function setFileInfo(
  win: Program,
  path: string,
  times: FileTimes & { readonly attributes?: number },
): Promise<void> {
  const handle = await win.mustOpen(path, {
    access: access.WRITE_ATTRIBUTES | access.READ_ATTRIBUTES | access.SYNCHRONIZE,
    options: option.OPEN_FOR_BACKUP_INTENT | option.OPEN_REPARSE_POINT,
  });
  expectSuccess(await handle.setBasic(times), `times of ${path}`);
  await handle.close();
}

/**
 * ReplaceFile: the new file gets the attributes, time of creation and security of the old file. The
 * old file gets the backup name, and the new file the old name.
 */
export async function replaceFile(
  win: Program,
  replaced: string,
  replacement: string,
  backup: string,
): Promise<void> {
  const old = await win.mustOpen(replaced, {
    access: access.FILE_GENERIC_READ | access.DELETE | access.SYNCHRONIZE,
    options: option.NON_DIRECTORY_FILE,
  });
  const fresh = await win.mustOpen(replacement, {
    access: access.FILE_GENERIC_READ | access.FILE_GENERIC_WRITE | access.DELETE | access.WRITE_DAC,
    options: option.NON_DIRECTORY_FILE,
  });
  const { fileAttributes, creationTime } = await old.info();
  const { descriptor } = await old.querySecurity();
  expectSuccess(
    await fresh.setBasic({ attributes: fileAttributes | attribute.ARCHIVE, creationTime }),
    'attributes',
  );
  if (descriptor !== undefined) {
    expectSuccess(await fresh.setSecurity(4, descriptor), 'security');
  }
  expectSuccess(await old.rename(backup, renameFlag.REPLACE), 'backup');
  expectSuccess(await fresh.rename(replaced), 'replace');
  await fresh.close();
  await old.close();
}

/** A temporary file: DELETE_ON_CLOSE. */
export function createTemporary(win: Program, path: string): Promise<Handle> {
  return win.mustOpen(path, {
    access: access.FILE_GENERIC_READ | access.FILE_GENERIC_WRITE | access.DELETE,
    disposition: disposition.CREATE,
    options: option.DELETE_ON_CLOSE | option.NON_DIRECTORY_FILE,
    attributes: attribute.TEMPORARY | attribute.HIDDEN,
  });
}
